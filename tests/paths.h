// paths.h: where tests find programs and files.
//
// CMake writes the definitions for each program of tests. So the objects of the tests hold no
// paths, and clones in other folders share them through the compiler's cache.
#pragma once

#include <string>

namespace pg::test {

std::string program();        // which the tests run
std::string source_folder();  // of the project
std::string test_files();     // the folder of the tests themselves, with its slash

}  // namespace pg::test
