/* The SDK's builtinCommon.c reckons its table of pins with it. */
#define SOC_GPIO_VALID_GPIO_MASK 0xFFFFFFFFFFULL
