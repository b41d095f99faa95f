// What JavaScript sees of network-watch.h. daemon/io/native-addon.ts holds the types.
#pragma once

#include <node_api.h>

void define_network_watch(napi_env env, napi_value exports);
