#include "offload-binding.h"

#include <array>
#include <cstring>
#include <vector>

#include "coalesce.h"
#include "napi-values.h"
#include "segment.h"

namespace {

struct Bytes {
  const uint8_t* data = nullptr;
  size_t length = 0;
};

bool get_bytes(napi_env env, napi_value value, Bytes* bytes) {
  napi_typedarray_type type;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &bytes->length, &data, nullptr, nullptr) != napi_ok) return false;
  bytes->data = static_cast<const uint8_t*>(data);
  return type == napi_uint8_array;
}

// A new Uint8Array of so many bytes, which the caller fills.
napi_value make_bytes(napi_env env, size_t length, uint8_t** data) {
  napi_value buffer;
  napi_value array = nullptr;
  void* memory = nullptr;
  napi_create_arraybuffer(env, length, &memory, &buffer);
  napi_create_typedarray(env, napi_uint8_array, length, buffer, 0, &array);
  *data = static_cast<uint8_t*>(memory);
  return array;
}

napi_value copy_bytes(napi_env env, const uint8_t* bytes, size_t length) {
  uint8_t* data = nullptr;
  napi_value array = make_bytes(env, length, &data);
  if (length > 0) std::memcpy(data, bytes, length);
  return array;
}

// segmentPacket(packet, virtioHeader): the packets that it stands for; none when its facts contradict each other. One
// that is not to be cut comes back with its checksum finished.
napi_value js_segment_packet(napi_env env, napi_callback_info info) {
  std::array<napi_value, 2> values;
  Bytes packet;
  Bytes header_bytes;
  VirtioHeader header;
  if (!arguments(env, info, values) || !get_bytes(env, values[0], &packet) ||
      !get_bytes(env, values[1], &header_bytes) || header_bytes.length != sizeof header) {
    return throw_type_error(env, "segmentPacket(packet, virtioHeader)");
  }
  std::memcpy(&header, header_bytes.data, sizeof header);
  napi_value list;
  napi_create_array(env, &list);
  std::vector<uint8_t> copy(packet.data, packet.data + packet.length);
  RunFacts facts;
  if (!read_header(header, copy.data(), copy.size(), &facts)) return list;
  if (facts.segment == 0) {
    napi_set_element(env, list, 0, copy_bytes(env, copy.data(), copy.size()));
    return list;
  }
  Run run;
  if (!unpack_run(copy.data(), copy.size(), facts.segment, facts.packed, &run)) return list;
  Segmenter segmenter(copy.data(), copy.size(), run);
  for (uint32_t index = 0; !segmenter.done(); index++) {
    uint8_t* data = nullptr;
    napi_value element = make_bytes(env, segmenter.next_length(), &data);
    segmenter.next(data);
    napi_set_element(env, list, index, element);
  }
  return list;
}

class Collector : public Coalescer::Sink {
 public:
  Collector(napi_env env, napi_value list) : env_(env), list_(list) {}

  void take(const Joined& joined) override {
    napi_value object;
    napi_create_object(env_, &object);
    const auto* header = reinterpret_cast<const uint8_t*>(&joined.virtio);
    napi_set_named_property(env_, object, "header", copy_bytes(env_, header, sizeof joined.virtio));
    napi_set_named_property(env_, object, "packet", copy_bytes(env_, joined.bytes, joined.length));
    napi_set_element(env_, list_, count_++, object);
  }

 private:
  const napi_env env_;
  const napi_value list_;
  uint32_t count_ = 0;
};

// coalescePackets(packets): what would be written to the TUN device, in order.
napi_value js_coalesce_packets(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> values;
  uint32_t count = 0;
  if (!arguments(env, info, values) || napi_get_array_length(env, values[0], &count) != napi_ok) {
    return throw_type_error(env, "coalescePackets(packets)");
  }
  // Copied: packets must stay where they are until the end.
  std::vector<std::vector<uint8_t>> packets;
  for (uint32_t i = 0; i < count; i++) {
    napi_value element;
    Bytes bytes;
    if (napi_get_element(env, values[0], i, &element) != napi_ok || !get_bytes(env, element, &bytes)) {
      return throw_type_error(env, "coalescePackets(packets)");
    }
    packets.emplace_back(bytes.data, bytes.data + bytes.length);
  }
  napi_value list;
  napi_create_array(env, &list);
  Collector collector(env, list);
  Coalescer coalescer(&collector);
  for (const auto& packet : packets) coalescer.add(packet.data(), packet.size());
  coalescer.flush();
  return list;
}

}  // namespace

void define_offload(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      FUNCTION("segmentPacket", js_segment_packet),
      FUNCTION("coalescePackets", js_coalesce_packets),
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
}
