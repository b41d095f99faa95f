// What the load generator can do; one function a part. Words: the arguments behind the part's name.
#pragma once

#include "net.h"

void flood(const Words& words);
void flood_caller(const Words& words);
void flood_peers(const Words& words);
void inject(const Words& words);
void inject_peers(const Words& words);
void sink(const Words& words);
void echo(const Words& words);
void ask(const Words& words);
void solicit(const Words& words);
void reflect(const Words& words);
void prime(const Words& words);
void pour(const Words& words);
void pour_caller(const Words& words);
void drink(const Words& words);
void drink_caller(const Words& words);
void number_out(const Words& words);
void number_out_caller(const Words& words);
void number_in(const Words& words);
void number_in_caller(const Words& words);
