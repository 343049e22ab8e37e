// Whether the program is built with the thread sanitizer, which ends a forked child that starts threads.
#pragma once

#if defined(__SANITIZE_THREAD__)
#define BRIM_THREAD_SANITIZER 1
#elif defined(__has_feature)  // clang's way to say it
#if __has_feature(thread_sanitizer)
#define BRIM_THREAD_SANITIZER 1
#endif
#endif
#ifndef BRIM_THREAD_SANITIZER
#define BRIM_THREAD_SANITIZER 0
#endif
