#include "privilege-binding.h"

#include "capabilities.h"
#include "capability-limit.h"
#include "confine.h"
#include "errors.h"
#include "napi-values.h"
#include "system-call-filter.h"

namespace {

napi_value failures(napi_env env, const std::vector<Undone>& undone) {
  napi_value list;
  napi_create_array(env, &list);
  uint32_t index = 0;
  for (const Undone& failure : undone) {
    napi_value entry;
    napi_create_object(env, &entry);
    set_text(env, entry, "step", failure.step);
    set_text(env, entry, "errno", errno_name(failure.error));
    napi_set_element(env, list, index++, entry);
  }
  return list;
}

napi_value js_confine(napi_env env, napi_callback_info info) {
  std::array<napi_value, 5> values;
  std::string root;
  Confinement wanted;
  if (!arguments(env, info, values) || !get_text(env, values[0], &root) ||
      napi_get_value_uint32(env, values[1], &wanted.uid) != napi_ok ||
      napi_get_value_uint32(env, values[2], &wanted.gid) != napi_ok ||
      napi_get_value_bool(env, values[3], &wanted.keep_user) != napi_ok ||
      napi_get_value_int32(env, values[4], &wanted.parent) != napi_ok) {
    return throw_type_error(env, "confine(root, uid, gid, keepUser, parent)");
  }
  wanted.root = root.c_str();
  const ConfineResult result = confine(wanted);
  napi_value object;
  napi_create_object(env, &object);
  napi_set_named_property(env, object, "undone", failures(env, result.undone));
  set_text(env, object, "seccomp",
           result.filtered ? "installed" : has_system_call_filter() ? "failed" : "unsupported");
  return object;
}

// False when one of them is unknown.
bool capability_set(napi_env env, napi_value names, CapabilitySet* set) {
  uint32_t length = 0;
  if (napi_get_array_length(env, names, &length) != napi_ok) return false;
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    std::string name;
    if (napi_get_element(env, names, i, &element) != napi_ok || !get_text(env, element, &name)) return false;
    const int number = capability_number(name);
    if (number < 0) return false;
    *set |= CapabilitySet{1} << number;
  }
  return true;
}

napi_value permitted_names(napi_env env) {
  Capabilities held;
  napi_value list;
  uint32_t index = 0;
  read_capabilities(&held);
  napi_create_array(env, &list);
  for (int number = 0; capability_name(number) != nullptr; number++) {
    if ((held.permitted >> number & 1) == 0) continue;
    napi_value name;
    napi_create_string_utf8(env, capability_name(number), NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, list, index++, name);
  }
  return list;
}

napi_value js_limit_capabilities(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> values;
  CapabilitySet kept = 0;
  if (!arguments(env, info, values) || !capability_set(env, values[0], &kept)) {
    return throw_type_error(env, "limitCapabilities(names)");
  }
  napi_value object;
  napi_create_object(env, &object);
  napi_set_named_property(env, object, "undone", failures(env, limit_process(kept)));
  napi_set_named_property(env, object, "held", permitted_names(env));
  return object;
}

// Of the calling thread, which is the one that starts programs.
napi_value js_lend_capabilities(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> values;
  CapabilitySet lent = 0;
  if (!arguments(env, info, values) || !capability_set(env, values[0], &lent)) {
    return throw_type_error(env, "lendCapabilities(names)");
  }
  napi_value error;
  napi_create_int32(env, lent == 0 ? clear_ambient() : raise_ambient(lent), &error);
  return error;
}

}  // namespace

void define_privilege(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      FUNCTION("confine", js_confine),
      FUNCTION("limitCapabilities", js_limit_capabilities),
      FUNCTION("lendCapabilities", js_lend_capabilities),
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
}
