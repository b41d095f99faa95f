#include "host-binding.h"

#include "napi-values.h"
#include "start-up-pages.h"
#include "unix-datagram.h"
#include "users.h"

namespace {

napi_value js_send_unix_datagram(napi_env env, napi_callback_info info) {
  std::array<napi_value, 2> values;
  std::string path;
  napi_typedarray_type type;
  size_t length = 0;
  void* bytes = nullptr;
  if (!arguments(env, info, values) || !get_text(env, values[0], &path) ||
      napi_get_typedarray_info(env, values[1], &type, &length, &bytes, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    return throw_type_error(env, "sendUnixDatagram(path, bytes)");
  }
  napi_value result;
  napi_create_int32(env, send_unix_datagram(path, static_cast<uint8_t*>(bytes), length), &result);
  return result;
}

napi_value js_find_user(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> values;
  std::string name;
  User user;
  if (!arguments(env, info, values) || !get_text(env, values[0], &name)) {
    return throw_type_error(env, "findUser(name)");
  }
  napi_value object;
  if (!find_user(name, &user)) {
    napi_get_undefined(env, &object);
    return object;
  }
  napi_create_object(env, &object);
  set_int(env, object, "uid", user.uid);
  set_int(env, object, "gid", user.gid);
  return object;
}

napi_value js_release_start_up_pages(napi_env, napi_callback_info) {
  release_start_up_pages();
  return nullptr;
}

}  // namespace

void define_host(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      FUNCTION("sendUnixDatagram", js_send_unix_datagram),
      FUNCTION("findUser", js_find_user),
      FUNCTION("releaseStartUpPages", js_release_start_up_pages),
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
}
