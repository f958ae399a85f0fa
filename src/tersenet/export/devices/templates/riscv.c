/* The serial port and the power switch of qemu's virt, and the counter of retired instructions. */
static void put(char sign) { *(volatile uint8_t *)0x10000000ul = (uint8_t)sign; }
static void leave(void)
{
    *(volatile uint32_t *)0x100000ul = 0x5555;
    for (;;)
        ;
}
static void start_counter(void) {}
static uint32_t counter(void)
{
    uint32_t value;
    __asm__ volatile("csrr %0, minstret" : "=r"(value));
    return value;
}
static uint32_t elapsed(uint32_t begin, uint32_t end) { return end - begin; }

__attribute__((section(".vectors"), naked, used)) void begin(void);
__attribute__((section(".vectors"), naked, used)) void begin(void)
{
    __asm__ volatile("la sp, stack_top\n j run");
}
