// Values between JavaScript and C++. Failures to make one are not looked at: they leave a pending exception.
#pragma once

#include <node_api.h>

#include <array>
#include <string>

// An entry of napi_define_properties.
#define FUNCTION(name, callback) {name, nullptr, callback, nullptr, nullptr, nullptr, napi_enumerable, nullptr}

// Returns the null that a callback returns then.
napi_value throw_type_error(napi_env env, const char* message);

void set_int(napi_env env, napi_value object, const char* name, int64_t value);
void set_text(napi_env env, napi_value object, const char* name, const char* value);

// False when the value is not a string. It may hold NULs.
bool get_text(napi_env env, napi_value value, std::string* text);

// False unless there are exactly so many.
template <size_t N>
bool arguments(napi_env env, napi_callback_info info, std::array<napi_value, N>& values) {
  size_t count = N;
  return napi_get_cb_info(env, info, &count, values.data(), nullptr, nullptr) == napi_ok && count == N;
}
