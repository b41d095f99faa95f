#include "steering-binding.h"

#include <cstring>

#include "napi-values.h"
#include "steering.h"

namespace {

// A descriptor, and the rows of a program, each of `columns` numbers.
bool program_arguments(napi_env env, napi_callback_info info, size_t columns, int32_t* fd, const int32_t** rows,
                       size_t* count) {
  std::array<napi_value, 2> values;
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  if (!arguments(env, info, values) || napi_get_value_int32(env, values[0], fd) != napi_ok ||
      napi_get_typedarray_info(env, values[1], &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_int32_array || length == 0 || length % columns != 0) {
    return false;
  }
  *rows = static_cast<const int32_t*>(data);
  *count = length / columns;
  return true;
}

napi_value number(napi_env env, int32_t value) {
  napi_value result;
  napi_create_int32(env, value, &result);
  return result;
}

napi_value js_steer_sockets(napi_env env, napi_callback_info info) {
  int32_t fd = -1;
  const int32_t* rows = nullptr;
  size_t count = 0;
  if (!program_arguments(env, info, 4, &fd, &rows, &count)) return throw_type_error(env, "steerSockets(fd, program)");
  std::vector<sock_filter> program;
  for (size_t i = 0; i < count; i++, rows += 4) {
    program.push_back({static_cast<uint16_t>(rows[0]), static_cast<uint8_t>(rows[1]), static_cast<uint8_t>(rows[2]),
                       static_cast<uint32_t>(rows[3])});
  }
  return number(env, steer_sockets(fd, std::move(program)));
}

napi_value js_steer_device(napi_env env, napi_callback_info info) {
  int32_t fd = -1;
  const int32_t* rows = nullptr;
  size_t count = 0;
  if (!program_arguments(env, info, 5, &fd, &rows, &count)) return throw_type_error(env, "steerDevice(fd, program)");
  std::vector<SteeringInstruction> program(count);
  static_assert(sizeof(SteeringInstruction) == 5 * sizeof(int32_t), "five columns");
  std::memcpy(program.data(), rows, count * sizeof(SteeringInstruction));
  return number(env, steer_device(fd, program));
}

}  // namespace

void define_steering(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      FUNCTION("steerSockets", js_steer_sockets),
      FUNCTION("steerDevice", js_steer_device),
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
}
