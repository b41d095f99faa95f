// Memory that a program's start has touched, and that is hardly touched again.
#pragma once

// Unmaps the pages of the program's own code and constants, and gives free memory of the heap back. What is needed again
// comes from the page cache, without being read: files are only mapped, nothing is lost.
void release_start_up_pages();
