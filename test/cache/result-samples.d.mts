export const samples: () => [name: string, value: unknown][];
