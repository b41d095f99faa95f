// What JavaScript sees of steering.h.
#pragma once

#include <node_api.h>

void define_steering(napi_env env, napi_value exports);
