export interface Capabilities {
  create: "atomic" | "ignored" | "unsupported";
  replace: "atomic" | "ignored" | "unsupported";
}
export async function capabilitiesOf(_bucket: unknown): Promise<Capabilities> {
  return { create: "atomic", replace: "atomic" };
}
