// An addon with two faults, one for each sanitizer: only to show that they would be found (test/io/sanitizers.test.ts).
#include <node_api.h>

#include <climits>
#include <cstdlib>

namespace {

napi_value number(napi_env env, int value) {
  napi_value result;
  napi_create_int32(env, value, &result);
  return result;
}

napi_value read_behind_the_end(napi_env env, napi_callback_info) {
  auto* bytes = static_cast<volatile char*>(std::malloc(8));
  const int value = bytes[8];
  std::free(const_cast<char*>(bytes));
  return number(env, value);
}

napi_value overflow(napi_env env, napi_callback_info) {
  volatile int large = INT_MAX;
  return number(env, large + 1);
}

}  // namespace

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"readBehindTheEnd", nullptr, read_behind_the_end, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"overflow", nullptr, overflow, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, 2, functions);
  return exports;
}
