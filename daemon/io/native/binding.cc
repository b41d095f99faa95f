// What JavaScript sees: openTun, openUdp, openRawIpv6, a packet path as a handle with start, flush and close, and
// lockFile.
// daemon/io/native-addon.ts holds the types. Lengths and kinds of arguments are checked here, their sense is not.
#include <node_api.h>

#include <array>
#include <string>

#include "errors.h"
#include "file-lock.h"
#include "host-binding.h"
#include "napi-values.h"
#include "offload-binding.h"
#include "network-watch-binding.h"
#include "packet-path.h"
#include "privilege-binding.h"
#include "raw.h"
#include "steering-binding.h"
#include "tun.h"
#include "udp.h"

namespace {

constexpr napi_type_tag PATH_TAG = {0x6d697265646f7061, 0x7468686e646c6531};

// ---- descriptors ----

napi_value open_result(napi_env env, const OpenResult& result) {
  napi_value object;
  napi_create_object(env, &object);
  if (result.fd >= 0) {
    set_int(env, object, "fd", result.fd);
  } else {
    set_text(env, object, "errno", errno_name(result.error));
    set_text(env, object, "step", result.step);
  }
  return object;
}

napi_value js_open_tun(napi_env env, napi_callback_info info) {
  std::array<napi_value, 3> values;
  char name[IFNAMSIZ + 1];
  size_t length = 0;
  int32_t offload = 0;
  bool several = false;
  if (!arguments(env, info, values) ||
      napi_get_value_string_utf8(env, values[0], name, sizeof name, &length) != napi_ok ||
      napi_get_value_int32(env, values[1], &offload) != napi_ok ||
      napi_get_value_bool(env, values[2], &several) != napi_ok) {
    return throw_type_error(env, "openTun(name, offload, severalQueues)");
  }
  if (length >= IFNAMSIZ) {
    OpenResult too_long;
    too_long.error = ENAMETOOLONG;
    too_long.step = "name";
    return open_result(env, too_long);
  }
  const TunResult result = open_tun(name, static_cast<TunOffload>(offload), several);
  napi_value object = open_result(env, result);
  if (result.fd >= 0) {
    set_text(env, object, "name", result.name);
    set_int(env, object, "index", result.index);
    set_int(env, object, "offload", static_cast<int32_t>(result.offload));
  }
  return object;
}

napi_value js_open_udp(napi_env env, napi_callback_info info) {
  std::array<napi_value, 5> values;
  uint32_t address = 0;
  uint32_t port = 0;
  int32_t receive_buffer = 0;
  int32_t send_buffer = 0;
  int32_t sharing = 0;
  if (!arguments(env, info, values) || napi_get_value_uint32(env, values[0], &address) != napi_ok ||
      napi_get_value_uint32(env, values[1], &port) != napi_ok || port > 0xffff ||
      napi_get_value_int32(env, values[2], &receive_buffer) != napi_ok ||
      napi_get_value_int32(env, values[3], &send_buffer) != napi_ok ||
      napi_get_value_int32(env, values[4], &sharing) != napi_ok) {
    return throw_type_error(env, "openUdp(address, port, receiveBytes, sendBytes, sharing)");
  }
  const UdpResult result = open_udp(address, static_cast<uint16_t>(port), receive_buffer, send_buffer,
                                    static_cast<PortSharing>(sharing));
  napi_value object = open_result(env, result);
  if (result.fd >= 0) {
    set_int(env, object, "address", result.address);
    set_int(env, object, "port", result.port);
  }
  return object;
}

napi_value js_open_raw_ipv6(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> values;
  int32_t buffer = 0;
  if (!arguments(env, info, values) || napi_get_value_int32(env, values[0], &buffer) != napi_ok) {
    return throw_type_error(env, "openRawIpv6(bufferBytes)");
  }
  return open_result(env, open_raw_ipv6(buffer));
}

// ---- the path ----

// Lives until both are over: the JavaScript object, and the handles in the loop.
struct PathHandle {
  napi_env env = nullptr;
  napi_async_context context = nullptr;
  napi_ref dispatch = nullptr;  // JavaScript function (event, argument)
  napi_ref memory = nullptr;    // keeps the shared arrays
  napi_async_cleanup_hook_handle cleanup = nullptr;
  std::unique_ptr<PacketPath> path;
  bool closing = false;
  bool released = false;
  bool collected = false;

  napi_ref settled = nullptr;   // JavaScript function that does nothing

  bool call(Event event, int32_t argument);
  void settle();
  void close();
  void on_released();
};

bool PathHandle::call(Event event, int32_t argument) {
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
  napi_value function;
  napi_value receiver;
  napi_value arguments[2];
  napi_get_reference_value(env, dispatch, &function);
  napi_get_global(env, &receiver);
  napi_create_int32(env, static_cast<int32_t>(event), &arguments[0]);
  napi_create_int32(env, argument, &arguments[1]);
  const napi_status status = napi_call_function(env, receiver, function, 2, arguments, nullptr);
  napi_value error = nullptr;
  bool pending = false;
  if (status != napi_ok && napi_is_exception_pending(env, &pending) == napi_ok && pending) {
    napi_get_and_clear_last_exception(env, &error);
  }
  if (error != nullptr) {
    // What was promised leaves before the process may end.
    if (!closing) path->flush();
    napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
  return status == napi_ok;
}

// Promises and ticks that the handler left behind run now, after its packets have left: nobody waits for those.
void PathHandle::settle() {
  napi_handle_scope scope;
  if (released || napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value function;
  napi_value receiver;
  napi_get_reference_value(env, settled, &function);
  napi_get_global(env, &receiver);
  napi_make_callback(env, context, receiver, function, 0, nullptr, nullptr);
  napi_close_handle_scope(env, scope);
}

void PathHandle::close() {
  if (closing) return;
  closing = true;
  path->close([this] { on_released(); });
}

void PathHandle::on_released() {
  released = true;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) == napi_ok) {
    napi_delete_reference(env, dispatch);
    napi_delete_reference(env, settled);
    napi_delete_reference(env, memory);
    napi_async_destroy(env, context);
    napi_close_handle_scope(env, scope);
  }
  if (cleanup != nullptr) napi_remove_async_cleanup_hook(cleanup);
  cleanup = nullptr;
  if (collected) delete this;
}

void path_collected(napi_env, void* data, void*) {
  auto* handle = static_cast<PathHandle*>(data);
  handle->collected = true;
  if (handle->released) {
    delete handle;
  } else {
    handle->close();
  }
}

template <typename Element>
bool typed_array(napi_env env, napi_value owner, const char* name, napi_typedarray_type kind, Element** data,
                 size_t* length) {
  napi_value value;
  napi_typedarray_type type;
  void* bytes = nullptr;
  if (napi_get_named_property(env, owner, name, &value) != napi_ok ||
      napi_get_typedarray_info(env, value, &type, length, &bytes, nullptr, nullptr) != napi_ok || type != kind) {
    return false;
  }
  *data = static_cast<Element*>(bytes);
  return true;
}

bool batch(napi_env env, napi_value memory, const std::string& name, Batch* batch) {
  int32_t* rows = nullptr;
  size_t columns = 0;
  if (!typed_array(env, memory, (name + "Bytes").c_str(), napi_uint8_array, &batch->bytes, &batch->size) ||
      !typed_array(env, memory, (name + "Rows").c_str(), napi_int32_array, &rows, &columns)) {
    return false;
  }
  const size_t capacity = columns * sizeof(int32_t) / sizeof(Row);
  if (capacity == 0 || batch->size > INT32_MAX) return false;
  batch->rows = reinterpret_cast<Row*>(rows);
  batch->capacity = static_cast<int32_t>(capacity);
  batch->slot = batch->size / capacity;
  return true;
}

bool shared_memory(napi_env env, napi_value value, SharedMemory* memory) {
  double* counters = nullptr;
  size_t counter_count = 0;
  size_t control_count = 0;
  if (!batch(env, value, "inbound", &memory->inbound) || !batch(env, value, "outbound", &memory->outbound) ||
      !batch(env, value, "pending", &memory->pending) ||
      !typed_array(env, value, "counters", napi_float64_array, &counters, &counter_count) ||
      !typed_array(env, value, "pendingCount", napi_int32_array, &memory->pending_count, &control_count)) {
    return false;
  }
  memory->counters = reinterpret_cast<Counters*>(counters);
  return counter_count * sizeof(double) == sizeof(Counters) && control_count == 1 &&
         memory->inbound.capacity <= UdpReceiver::CAPACITY;
}

bool socket_list(napi_env env, napi_value value, std::vector<int>* sockets) {
  uint32_t length = 0;
  if (napi_get_array_length(env, value, &length) != napi_ok) return false;
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    int32_t fd = -1;
    if (napi_get_element(env, value, i, &element) != napi_ok ||
        napi_get_value_int32(env, element, &fd) != napi_ok) {
      return false;
    }
    sockets->push_back(fd);
  }
  return true;
}

// Bits as in daemon/io/native-addon.ts.
Offload offload_of(uint32_t features) {
  Offload offload;
  offload.receive_runs = (features & 1) != 0;
  offload.send_runs = (features & 2) != 0;
  offload.join_tcp = (features & 4) != 0;
  offload.join_udp = (features & 8) != 0;
  return offload;
}

void cleanup_at_exit(napi_async_cleanup_hook_handle, void* data) { static_cast<PathHandle*>(data)->close(); }

napi_value js_open_path(napi_env env, napi_callback_info info) {
  std::array<napi_value, 6> values;  // memory, dispatch, tun, raw, sockets, offload
  uint32_t features = 0;
  SharedMemory memory;
  Descriptors descriptors;
  napi_valuetype kind = napi_undefined;
  if (!arguments(env, info, values) || !shared_memory(env, values[0], &memory) ||
      napi_typeof(env, values[1], &kind) != napi_ok || kind != napi_function ||
      napi_get_value_int32(env, values[2], &descriptors.tun) != napi_ok ||
      napi_get_value_int32(env, values[3], &descriptors.raw) != napi_ok ||
      !socket_list(env, values[4], &descriptors.sockets) ||
      napi_get_value_uint32(env, values[5], &features) != napi_ok) {
    return throw_type_error(env, "openPath(memory, dispatch, tun, raw, sockets, offload)");
  }

  auto* handle = new PathHandle;
  handle->env = env;
  napi_value object;
  napi_value resource_name;
  napi_create_object(env, &object);
  napi_create_string_utf8(env, "miredo:packet-path", NAPI_AUTO_LENGTH, &resource_name);
  napi_async_init(env, nullptr, resource_name, &handle->context);
  napi_create_reference(env, values[1], 1, &handle->dispatch);
  napi_value nothing;
  const auto do_nothing = [](napi_env, napi_callback_info) -> napi_value { return nullptr; };
  napi_create_function(env, "settled", NAPI_AUTO_LENGTH, do_nothing, nullptr, &nothing);
  napi_create_reference(env, nothing, 1, &handle->settled);
  napi_create_reference(env, values[0], 1, &handle->memory);
  napi_type_tag_object(env, object, &PATH_TAG);
  napi_add_async_cleanup_hook(env, cleanup_at_exit, handle, &handle->cleanup);
  handle->path = std::make_unique<PacketPath>(
      memory, descriptors, offload_of(features), [handle](Event event, int32_t argument) { return handle->call(event, argument); },
      [handle] { handle->settle(); });
  napi_wrap(env, object, handle, path_collected, nullptr, nullptr);

  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  const int error = handle->path->open(loop);
  if (error != 0) {
    handle->close();
    napi_throw_error(env, uv_err_name(error), uv_strerror(error));
    return nullptr;
  }
  return object;
}

PathHandle* path_argument(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> values;
  bool tagged = false;
  void* data = nullptr;
  if (!arguments(env, info, values) || napi_check_object_type_tag(env, values[0], &PATH_TAG, &tagged) != napi_ok ||
      !tagged || napi_unwrap(env, values[0], &data) != napi_ok) {
    throw_type_error(env, "a packet path is wanted");
    return nullptr;
  }
  return static_cast<PathHandle*>(data);
}

napi_value js_start_path(napi_env env, napi_callback_info info) {
  PathHandle* handle = path_argument(env, info);
  if (handle == nullptr || handle->closing) return nullptr;
  const int error = handle->path->start();
  if (error != 0) napi_throw_error(env, uv_err_name(error), uv_strerror(error));
  return nullptr;
}

napi_value js_flush_path(napi_env env, napi_callback_info info) {
  PathHandle* handle = path_argument(env, info);
  if (handle != nullptr && !handle->closing) handle->path->flush();
  return nullptr;
}

napi_value js_close_path(napi_env env, napi_callback_info info) {
  PathHandle* handle = path_argument(env, info);
  if (handle != nullptr) handle->close();
  return nullptr;
}

napi_value js_errno_name(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> values;
  int32_t code = 0;
  if (!arguments(env, info, values) || napi_get_value_int32(env, values[0], &code) != napi_ok) {
    return throw_type_error(env, "errnoName(code)");
  }
  napi_value text;
  napi_create_string_utf8(env, errno_name(code), NAPI_AUTO_LENGTH, &text);
  return text;
}

// ---- files ----

napi_value js_lock_file(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> values;
  int32_t fd = -1;
  if (!arguments(env, info, values) || napi_get_value_int32(env, values[0], &fd) != napi_ok) {
    return throw_type_error(env, "lockFile(fd)");
  }
  napi_value result;
  napi_create_int32(env, lock_file(fd), &result);
  return result;
}

}  // namespace

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      FUNCTION("openTun", js_open_tun),         FUNCTION("openUdp", js_open_udp),
      FUNCTION("openRawIpv6", js_open_raw_ipv6), FUNCTION("openPath", js_open_path),
      FUNCTION("startPath", js_start_path),     FUNCTION("flushPath", js_flush_path),
      FUNCTION("closePath", js_close_path),     FUNCTION("errnoName", js_errno_name),
      FUNCTION("lockFile", js_lock_file),
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
  define_offload(env, exports);
  define_host(env, exports);
  define_network_watch(env, exports);
  define_privilege(env, exports);
  define_steering(env, exports);
  return exports;
}
