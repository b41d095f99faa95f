// What JavaScript sees of giving up privilege. daemon/io/native-addon.ts holds the types.
#pragma once

#include <node_api.h>

void define_privilege(napi_env env, napi_value exports);
