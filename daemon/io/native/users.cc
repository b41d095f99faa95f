#include "users.h"

#include <pwd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

// An entry is a line; one of a directory service may be long.
constexpr size_t FIRST_SIZE = 1024;
constexpr size_t LAST_SIZE = 1024 * 1024;

// `look_up(entry, memory, found)` is one of the functions of <pwd.h> that say ERANGE when the memory is too small.
template <typename LookUp>
bool find(LookUp look_up, User* user) {
  for (size_t size = FIRST_SIZE; size <= LAST_SIZE; size *= 4) {
    std::vector<char> memory(size);
    passwd entry;
    passwd* found = nullptr;
    const int error = look_up(&entry, &memory, &found);
    if (error == ERANGE) continue;
    if (found == nullptr) return false;
    *user = {found->pw_uid, found->pw_gid};
    return true;
  }
  return false;
}

bool parse_number(const std::string& text, uid_t* number) {
  if (text.empty() || text.size() > 10 || text.find_first_not_of("0123456789") != std::string::npos) return false;
  const uint64_t value = std::strtoull(text.c_str(), nullptr, 10);
  if (value >= UINT32_MAX) return false;  // the last one stands for "none"
  *number = static_cast<uid_t>(value);
  return true;
}

}  // namespace

bool find_user(const std::string& name, User* user) {
  const auto by_name = [&name](passwd* entry, std::vector<char>* memory, passwd** found) {
    return getpwnam_r(name.c_str(), entry, memory->data(), memory->size(), found);
  };
  if (find(by_name, user)) return true;
  uid_t number = 0;
  if (!parse_number(name, &number)) return false;
  const auto by_number = [number](passwd* entry, std::vector<char>* memory, passwd** found) {
    return getpwuid_r(number, entry, memory->data(), memory->size(), found);
  };
  if (!find(by_number, user)) *user = {number, number};
  return true;
}
