// What JavaScript sees of the host: its users, and the sockets of its log. daemon/io/native-addon.ts holds the types.
#pragma once

#include <node_api.h>

void define_host(napi_env env, napi_value exports);
