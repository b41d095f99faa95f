// The bench's load generator: `traffic PART ARGUMENT…`. Each part prints one line of JSON; listeners print "ready"
// first. It makes a system call for up to 64 datagrams, so that it costs less than what is measured.
#include <cstring>
#include <stdexcept>

#include "parts.h"

namespace {

struct Part {
  const char* name;
  void (*run)(const Words&);
};

constexpr Part PARTS[] = {
    {"flood", flood},     {"flood-caller", flood_caller}, {"flood-peers", flood_peers}, {"inject", inject},
    {"inject-peers", inject_peers},                       {"sink", sink},               {"echo", echo},
    {"ask", ask},         {"solicit", solicit},           {"reflect", reflect},         {"prime", prime},
    {"pour", pour},       {"pour-caller", pour_caller},   {"drink", drink},             {"drink-caller", drink_caller},
    {"number-out", number_out},                           {"number-out-caller", number_out_caller},
    {"number-in", number_in},                             {"number-in-caller", number_in_caller},
};

}  // namespace

int main(int count, char** arguments) {
  const Words words(arguments + (count > 1 ? 2 : 1), arguments + count);
  for (const Part& part : PARTS) {
    if (count < 2 || std::strcmp(part.name, arguments[1]) != 0) continue;
    try {
      part.run(words);
      return 0;
    } catch (const std::exception&) {
      std::fprintf(stderr, "%s: wrong arguments\n", part.name);
      return 2;
    }
  }
  std::fprintf(stderr, "traffic: no such part\n");
  return 2;
}
