#include <stddef.h>

void esp_fill_random(void *bytes, size_t count);
