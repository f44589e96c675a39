# simd.cmake: compiles kernels/cpu/fast/simd/*.cpp once for each instruction set, in a namespace
# named by PG_SIMD. One program thus runs on any x86-64 and uses the best set of the processor.
# These files must not instantiate inline functions of other headers: the linker keeps a single copy,
# possibly one that an older processor cannot run.
file(GLOB simd_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/kernels/cpu/fast/simd/*.cpp)
set(PG_SIMD_OBJECTS)
set(simd_flags_sse2 "")
set(simd_flags_avx2 -mavx2 -mfma)
set(simd_flags_avx512 -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma -mprefer-vector-width=512)
if(simd_sources)
  foreach(isa sse2 avx2 avx512)
    add_library(pg_simd_${isa} OBJECT ${simd_sources})
    target_link_libraries(pg_simd_${isa} PRIVATE pg_flags)
    target_compile_options(pg_simd_${isa} PRIVATE ${simd_flags_${isa}} -O3)
    target_compile_definitions(pg_simd_${isa} PRIVATE PG_SIMD=${isa})
    list(APPEND PG_SIMD_OBJECTS $<TARGET_OBJECTS:pg_simd_${isa}>)
  endforeach()
endif()
