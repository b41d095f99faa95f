// Segmentation and coalescing for themselves, as functions of bytes: for tests. The packet path uses the same code.
#pragma once

#include <node_api.h>

void define_offload(napi_env env, napi_value exports);
