// The system's users, which Node knows by its own number only.
#pragma once

#include <sys/types.h>

#include <string>

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
};

// By name, or by number in decimal. False when there is none of that name; any number will do, and has a group of
// the same number when the system does not know it. May wait for a directory service.
bool find_user(const std::string& name, User* user);
