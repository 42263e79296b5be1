declare function native(name: string): unknown;

/** Bytes that are allocated natively, without those of XS. */
export const nativeBytes = native("xs_test_nativeBytes") as () => number;
