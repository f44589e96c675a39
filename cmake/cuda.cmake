# cuda.cmake: the CUDA backend as pg_cuda, compiled by nvcc if it is found. Otherwise pg_cuda is a
# stand-in whose device count is 0, so every program links and reports why it has no GPU.
#
# With PG_CUDA=ON a missing or too old nvcc is an error; AUTO does without it, OFF never looks. Only the
# CUDA runtime is linked, statically, so programs start on machines without driver, toolkit or GPU.
# cuDNN and cuBLASLt need only their headers; without them their kernels are not built.
set(PG_CUDA AUTO CACHE STRING "Build the CUDA backend: AUTO (if nvcc is found), ON or OFF")
option(PG_CUDA_LINEINFO "Source lines in the code for GPUs, for profilers" OFF)
set(PG_CUDA_ARCHITECTURES "80-real;90a-real;90-virtual" CACHE STRING
    "GPU architectures: code for Ampere/Ada and Hopper, PTX for later ones")
set(PG_OLDEST_CUDA 12.0) # C++20 and cp.async

# Sets PG_NVCC, and PG_NVCC_VERSION where that one can be used.
function(pg_find_nvcc)
  unset(PG_NVCC_VERSION PARENT_SCOPE)
  if(PG_CUDA STREQUAL "OFF" OR PG_SANITIZE)
    return()
  endif()
  find_program(PG_NVCC nvcc HINTS $ENV{CUDA_HOME} $ENV{CUDA_PATH} /usr/local/cuda /opt/cuda
               PATH_SUFFIXES bin DOC "CUDA compiler")
  set(problem)
  if(NOT PG_NVCC)
    set(problem "nvcc was not found")
  else()
    execute_process(COMMAND ${PG_NVCC} --version OUTPUT_VARIABLE said ERROR_QUIET)
    if(NOT said MATCHES "release ([0-9]+\\.[0-9]+)")
      set(problem "${PG_NVCC} does not tell its version")
    elseif(CMAKE_MATCH_1 VERSION_LESS PG_OLDEST_CUDA)
      set(problem "${PG_NVCC} is of CUDA ${CMAKE_MATCH_1}, older than ${PG_OLDEST_CUDA}")
    else()
      set(PG_NVCC_VERSION ${CMAKE_MATCH_1} PARENT_SCOPE)
      return()
    endif()
  endif()
  if(PG_CUDA STREQUAL "ON")
    message(FATAL_ERROR "PG_CUDA is ON but ${problem}: install the CUDA Toolkit (12.0 or newer), put "
                        "nvcc on the PATH or set CUDA_HOME, or configure with -DPG_CUDA=AUTO")
  endif()
  message(STATUS "Building without the CUDA backend: ${problem}")
endfunction()

pg_find_nvcc()
set(PG_HAS_CUDA OFF)
if(PG_NVCC_VERSION)
  set(PG_HAS_CUDA ON)
  set(CMAKE_CUDA_COMPILER ${PG_NVCC})
  set(architectures ${PG_CUDA_ARCHITECTURES})
  if(PG_NVCC_VERSION VERSION_LESS 12.8) # knows no Blackwell, which then uses the PTX
    list(FILTER architectures EXCLUDE REGEX "^1[0-9][0-9]")
  endif()
  set(CMAKE_CUDA_ARCHITECTURES ${architectures})
  if(CMAKE_CXX_COMPILER_LAUNCHER AND NOT DEFINED CMAKE_CUDA_COMPILER_LAUNCHER)
    set(CMAKE_CUDA_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
  endif()
  enable_language(CUDA)
  if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know the flag
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
  endif()
  file(GLOB_RECURSE cuda_sources CONFIGURE_DEPENDS kernels/cuda/*.cu kernels/cuda/*.cpp)
  set(vendor_sources ${cuda_sources})
  list(FILTER vendor_sources INCLUDE REGEX "kernels/cuda/vendor/")
  list(FILTER vendor_sources EXCLUDE REGEX "/library_kernels_absent\\.cpp$")
  list(FILTER cuda_sources EXCLUDE REGEX "/absent\\.cpp$|kernels/cuda/vendor/")
  find_path(PG_CUDNN_INCLUDE cudnn_graph.h HINTS ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES}
            $ENV{CUDNN_ROOT}/include DOC "Folder of cuDNN's headers")
  find_path(PG_CUBLASLT_INCLUDE cublasLt.h HINTS ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES}
            DOC "Folder of cuBLASLt's header")
  if(PG_CUDNN_INCLUDE AND PG_CUBLASLT_INCLUDE)
    list(APPEND cuda_sources ${vendor_sources})
  else()
    set(vendor_sources)
    list(APPEND cuda_sources kernels/cuda/vendor/library_kernels_absent.cpp)
  endif()
  # Kernels go through nvcc, host code (.cpp) through the C++ compiler alone, which is faster.
  add_library(pg_cuda STATIC ${cuda_sources})
  set(cuda_flags)
  set(ptxas_flags -warn-spills,-warn-lmem-usage)
  set(cuda_host_flags -Wall -Wextra -Wshadow)
  # With it, code of CUDA 12 would need driver 550 in place of 525 (and nvcc 12.8).
  if(PG_NVCC_VERSION VERSION_GREATER_EQUAL 13.0)
    list(APPEND cuda_flags --compress-mode=size)
  endif()
  if(PG_WERROR) # also for spills to local memory
    list(APPEND cuda_flags --Werror=all-warnings)
    string(APPEND ptxas_flags ",-Werror")
    list(APPEND cuda_host_flags -Werror)
  endif()
  list(APPEND cuda_flags "SHELL:-Xptxas ${ptxas_flags}" -Xcompiler=-Wall,-Wextra,-Wno-unused-parameter)
  if(PG_CUDA_LINEINFO)
    list(APPEND cuda_flags -lineinfo)
  endif()
  target_compile_options(pg_cuda PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:${cuda_flags}>"
                         "$<$<COMPILE_LANGUAGE:CXX>:${cuda_host_flags}>")
  string(REPLACE ";" "," built "${architectures}")
  set_source_files_properties(kernels/cuda/backend/machine_code.cpp PROPERTIES
                              COMPILE_DEFINITIONS PG_CUDA_ARCHITECTURES="${built}")
  target_include_directories(pg_cuda PUBLIC ${CMAKE_SOURCE_DIR})
  target_include_directories(pg_cuda SYSTEM PUBLIC ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES})
  if(vendor_sources)
    target_include_directories(pg_cuda SYSTEM PUBLIC ${PG_CUDNN_INCLUDE} ${PG_CUBLASLT_INCLUDE})
  endif()
  target_link_libraries(pg_cuda PUBLIC ${CMAKE_DL_LIBS})
  set_target_properties(pg_cuda PROPERTIES CUDA_RUNTIME_LIBRARY Static)
else()
  add_library(pg_cuda STATIC kernels/cuda/backend/absent.cpp)
  target_link_libraries(pg_cuda PUBLIC pg_flags)
endif()
