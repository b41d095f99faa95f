#include "network-watch-binding.h"

#include <memory>

#include "napi-values.h"
#include "network-watch.h"

namespace {

constexpr napi_type_tag WATCH_TAG = {0x6d697265646f6e65, 0x74776f726b776174};

// Lives until both are over: the JavaScript object, and the handle in the loop.
struct WatchHandle {
  napi_env env = nullptr;
  napi_async_context context = nullptr;
  napi_ref changed = nullptr;  // JavaScript function ()
  napi_async_cleanup_hook_handle cleanup = nullptr;
  NetworkWatch watch;
  bool closing = false;
  bool released = false;
  bool collected = false;

  void call();
  void close();
  void on_released();
};

void WatchHandle::call() {
  napi_handle_scope scope;
  if (closing || napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value function;
  napi_value receiver;
  napi_get_reference_value(env, changed, &function);
  napi_get_global(env, &receiver);
  const napi_status status = napi_make_callback(env, context, receiver, function, 0, nullptr, nullptr);
  bool pending = false;
  if (status != napi_ok && napi_is_exception_pending(env, &pending) == napi_ok && pending) {
    napi_value error;
    napi_get_and_clear_last_exception(env, &error);
    napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

void WatchHandle::close() {
  if (closing) return;
  closing = true;
  watch.close([this] { on_released(); });
}

void WatchHandle::on_released() {
  released = true;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) == napi_ok) {
    napi_delete_reference(env, changed);
    napi_async_destroy(env, context);
    napi_close_handle_scope(env, scope);
  }
  if (cleanup != nullptr) napi_remove_async_cleanup_hook(cleanup);
  cleanup = nullptr;
  if (collected) delete this;
}

void watch_collected(napi_env, void* data, void*) {
  auto* handle = static_cast<WatchHandle*>(data);
  handle->collected = true;
  if (handle->released) {
    delete handle;
  } else {
    handle->close();
  }
}

void cleanup_at_exit(napi_async_cleanup_hook_handle, void* data) { static_cast<WatchHandle*>(data)->close(); }

napi_value js_open_network_watch(napi_env env, napi_callback_info info) {
  std::array<napi_value, 2> values;  // changed, keepAlive
  napi_valuetype kind = napi_undefined;
  bool keep_alive = false;
  if (!arguments(env, info, values) || napi_typeof(env, values[0], &kind) != napi_ok || kind != napi_function ||
      napi_get_value_bool(env, values[1], &keep_alive) != napi_ok) {
    return throw_type_error(env, "openNetworkWatch(changed, keepAlive)");
  }
  auto* handle = new WatchHandle;
  handle->env = env;
  napi_value object;
  napi_value resource_name;
  napi_create_object(env, &object);
  napi_create_string_utf8(env, "miredo:network-watch", NAPI_AUTO_LENGTH, &resource_name);
  napi_async_init(env, nullptr, resource_name, &handle->context);
  napi_create_reference(env, values[0], 1, &handle->changed);
  napi_type_tag_object(env, object, &WATCH_TAG);
  napi_add_async_cleanup_hook(env, cleanup_at_exit, handle, &handle->cleanup);
  napi_wrap(env, object, handle, watch_collected, nullptr, nullptr);

  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  const int error = handle->watch.open(loop, keep_alive, [handle] { handle->call(); });
  if (error == 0) return object;
  handle->close();
  napi_value result;
  napi_create_int32(env, error, &result);
  return result;
}

napi_value js_close_network_watch(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> values;
  bool tagged = false;
  void* data = nullptr;
  if (!arguments(env, info, values) || napi_check_object_type_tag(env, values[0], &WATCH_TAG, &tagged) != napi_ok ||
      !tagged || napi_unwrap(env, values[0], &data) != napi_ok) {
    return throw_type_error(env, "a network watch is wanted");
  }
  static_cast<WatchHandle*>(data)->close();
  return nullptr;
}

}  // namespace

void define_network_watch(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      FUNCTION("openNetworkWatch", js_open_network_watch),
      FUNCTION("closeNetworkWatch", js_close_network_watch),
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
}
