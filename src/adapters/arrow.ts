/** Vectors and tables of `apache-arrow`. */

import {
  type ArrowData,
  type ArrowField,
  type ArrowType,
  type ArrowVector,
  columnContent,
} from "./arrow-content.ts";
import { type Adapter, hasMethods, type Kind, lineOf, ownsOnly } from "./kind.ts";

interface ArrowTable {
  readonly schema: {
    readonly fields: readonly ArrowField[];
    readonly metadata: Map<string, string>;
  };
  readonly batches: readonly { readonly numRows: number; readonly data: ArrowData }[];
}

/** What else tells types apart, by the names of their fields. */
const PARAMETERS = [
  ...["bitWidth", "isSigned", "precision", "scale", "unit", "timezone"],
  ...["byteWidth", "listSize", "mode", "keysSorted", "isOrdered"],
];

export const arrowKind: Kind = {
  name: "apache-arrow",
  title: "a table or vector of apache-arrow",
  adapter: "arrow(arrow)",
  owns: (value) =>
    (isVector(value) || isTable(value)) && (isMemoized(value) || lineOf(value).length === 1),
  fields: new Set([
    ...["schema", "batches", "_offsets", "_nullCount", "data", "type", "stride", "numChildren"],
    ...["length", "isValid", "get", "set", "indexOf"],
    ...["slice", "isMemoized", "unmemoize", "memoize"],
  ]),
  content: (value: ArrowVector | ArrowTable) =>
    isTable(value) ? tableContent(value as ArrowTable) : vectorContent(value as ArrowVector),
};

function isVector(value: object): boolean {
  // Methods first: another library's `data` may be a getter that throws.
  if (!hasMethods(value, "get", "isValid", "toArray", "getChildAt")) return false;
  const { data, type } = value as Partial<ArrowVector>;
  return Array.isArray(data) && typeof type?.typeId === "number";
}

/** A vector that remembers what it gave: of a subclass that is the library's own. */
function isMemoized(value: object): boolean {
  const isOwn = Object.hasOwn(value, "isMemoized") && Object.hasOwn(value, "unmemoize");
  return isOwn && lineOf(value).length === 2;
}

function isTable(value: object): boolean {
  if (!hasMethods(value, "get", "getChildAt", "getChild", "toArray")) return false;
  const { schema, batches } = value as Partial<ArrowTable>;
  return Array.isArray(schema?.fields) && Array.isArray(batches);
}

function vectorContent({ type, data }: ArrowVector): unknown {
  return { type: typeContent(type), values: columnContent(type, data) };
}

/** Metadata counts: functions read units and geometries from it. */
function tableContent({ schema, batches }: ArrowTable): unknown {
  const filled = batches.filter(({ numRows }) => numRows > 0);
  const columns = schema.fields.map(({ type }, i) =>
    columnContent(
      type,
      filled.map(({ data, numRows }) => (data.children[i] as ArrowData).slice(0, numRows)),
    ),
  );
  const length = batches.reduce((sum, { numRows }) => sum + numRows, 0);
  return { fields: schema.fields.map(fieldContent), metadata: schema.metadata, length, columns };
}

function fieldContent({ name, type, nullable, metadata }: ArrowField): unknown {
  return { name, type: typeContent(type), nullable, metadata };
}

function typeContent(type: ArrowType): unknown {
  const content: { [name: string]: unknown } = { id: type.typeId };
  for (const name of PARAMETERS) {
    const value = (type as unknown as typeof content)[name];
    if (value !== undefined && value !== null) content[name] = value;
  }
  const { dictionary, indices, typeIds, children } = type;
  if (dictionary !== undefined && indices !== undefined) {
    return { ...content, dictionary: typeContent(dictionary), indices: typeContent(indices) };
  }
  if (typeIds !== undefined) content["typeIds"] = Array.from(typeIds);
  return { ...content, children: (children ?? []).map(fieldContent) };
}

/** What is needed of `apache-arrow`. */
export interface Arrow {
  readonly Table: new (columns: never) => object;
  readonly Vector: { readonly prototype: object };
  readonly tableToIPC: (table: never, type: "stream") => Uint8Array;
  readonly tableFromIPC: (bytes: never) => object;
}

interface Parts {
  readonly kind: "table" | "vector";
  /** A stream in Arrow's own format, which every Arrow reads. */
  readonly ipc: Uint8Array;
}

/** The one column of the table that a vector is stored as. */
const COLUMN = "vector";

/**
 * Stores tables and vectors of `apache-arrow` in Arrow's own format, with their types, nulls,
 * dictionaries, batches and metadata.
 *
 * @param arrow the module `apache-arrow`
 */
export function arrow({ Table, Vector, tableToIPC, tableFromIPC }: Arrow): Adapter {
  type Made = { getChildAt(index: number): object };
  const TableOf = Table as unknown as new (columns: { [name: string]: unknown }) => object;
  return {
    name: arrowKind.name,
    owns: ownsOnly(arrowKind, (line) =>
      [Table.prototype, Vector.prototype].includes(line.at(-1) as object),
    ),
    take: (value: object): Parts => {
      const table = isTable(value) ? value : new TableOf({ [COLUMN]: value });
      return {
        kind: table === value ? "table" : "vector",
        ipc: tableToIPC(table as never, "stream"),
      };
    },
    restore: ({ kind, ipc }: Parts) => {
      const table = tableFromIPC(ipc as never);
      return kind === "table" ? table : (table as Made).getChildAt(0);
    },
  };
}
