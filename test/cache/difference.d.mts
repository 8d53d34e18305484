export function difference(a: unknown, b: unknown): string | undefined;
