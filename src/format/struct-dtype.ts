/**
 * numpy's structures, and the `dtype` field of an array's metadata, which is one of:
 *
 *     "'<f8'"                                     a Python literal inside the JSON string
 *     "[('a', '<i4'), ('b', '>f8', (2, 3))]"      a structure: numpy's `dtype.descr`
 *     "<f8", [["a", "<i4"], ["b", "<f8"]]         the same before Bloscpack 0.7.2
 *
 * A field is a tuple of name, dtype and, for a subarray, shape. Instead of the name stands
 * `('title', 'name')` where it has a title, `''` where bytes are padding; instead of the dtype a
 * list where the field is a structure. Fields follow one another without gaps.
 */
import { BloscpackError } from "../errors.ts";
import { type Dtype, MAX_ITEMSIZE, parseSimpleDtype, type StructField } from "./dtype.ts";
import { formatLiteral, isTuple, type Literal, MAX_DEPTH, parseLiteral } from "./python-literal.ts";

/**
 * Reads numpy's spelling of any dtype: `"<f8"`, or `"[('a', '<i4'), ('b', '<f8')]"`.
 *
 * @throws {SyntaxError} when it is malformed, takes no bytes, or has Python objects in it
 */
export function parseDtype(text: string): Dtype {
  return notEmpty(text.startsWith("[") ? structDtype(parseLiteral(text)) : parseSimpleDtype(text));
}

/**
 * Reads the `dtype` field of a file's metadata.
 *
 * @throws {BloscpackError} NDARRAY_DTYPE
 */
export function decodeDtype(field: unknown): Dtype {
  try {
    return notEmpty(readField(field));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const fault = { section: "ndarray", field: "dtype" } as const;
    throw new BloscpackError("NDARRAY_DTYPE", cause.message, fault, cause);
  }
}

/** The `dtype` field for a file's metadata. */
export function encodeDtype({ name, fields }: Dtype): string {
  return fields === undefined ? formatLiteral(name) : name;
}

function readField(field: unknown): Dtype {
  if (field === undefined) throw new SyntaxError("there is none");
  if (Array.isArray(field)) return structDtype(fromLegacy(field, 0));
  if (typeof field !== "string") throw new SyntaxError("it is neither text nor a list");
  if (/^[<>|]/.test(field)) return parseSimpleDtype(field);
  const literal = parseLiteral(field);
  return typeof literal === "string" ? parseSimpleDtype(literal) : structDtype(literal);
}

function notEmpty(dtype: Dtype): Dtype {
  if (dtype.itemsize > 0) return dtype;
  throw new SyntaxError("its items take no bytes");
}

/** The literal of a structure from before 0.7.2: JSON had made its tuples lists. */
function fromLegacy(dtype: unknown, depth: number): Literal {
  if (depth > MAX_DEPTH) throw new SyntaxError(`structures are nested over ${MAX_DEPTH} deep`);
  if (!Array.isArray(dtype)) return legacyAtom(dtype);
  return dtype.map((field: unknown): Literal => {
    if (!Array.isArray(field)) return legacyAtom(field);
    return {
      tuple: field.map((part: unknown, index): Literal => {
        if (index === 1) return fromLegacy(part, depth + 1);
        return Array.isArray(part) ? { tuple: part.map(legacyAtom) } : legacyAtom(part);
      }),
    };
  });
}

function legacyAtom(value: unknown): Literal {
  if (typeof value === "string" || typeof value === "number") return value;
  throw new SyntaxError("a list of fields holds only lists, strings and numbers");
}

function structDtype(descr: Literal): Dtype {
  if (!Array.isArray(descr)) throw new SyntaxError("it is neither a name nor a list of fields");
  const fields: StructField[] = [];
  const names = new Set<string>();
  let itemsize = 0;
  for (const [index, literal] of (descr as readonly Literal[]).entries()) {
    const field = structField(literal, index, itemsize);
    itemsize += field.nbytes;
    if (itemsize > MAX_ITEMSIZE) throw new SyntaxError(`an item is over ${MAX_ITEMSIZE} bytes`);
    if (isPadding(literal, field)) continue;
    for (const name of [field.name, field.title]) {
      if (name === undefined) continue;
      if (names.has(name))
        throw new SyntaxError(`two fields are called ${formatLiteral(name.slice(0, 40))}`);
      names.add(name);
    }
    fields.push(field);
  }
  return { name: formatLiteral(descr), itemsize, array: Uint8Array, swapped: false, fields };
}

function structField(literal: Literal, index: number, offset: number): StructField {
  const parts = isTuple(literal) ? literal.tuple : [];
  const [naming, inner, dims = { tuple: [] }] = parts;
  if (naming === undefined || inner === undefined || parts.length > 3) {
    throw new SyntaxError(`field ${index} is no tuple of name, dtype and perhaps shape`);
  }
  const { name, title } = namesOf(naming, index);
  if (!isTuple(dims) || !dims.tuple.every(isLength)) {
    throw new SyntaxError(`the shape of field ${index} is no tuple of lengths`);
  }
  const shape = dims.tuple as readonly number[];
  const dtype = typeof inner === "string" ? parseSimpleDtype(inner) : structDtype(inner);
  const nbytes = shape.reduce((product, length) => product * length, dtype.itemsize);
  return { name, title, dtype, shape, offset, nbytes };
}

function isLength(value: Literal): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function namesOf(naming: Literal, index: number): { name: string; title: string | undefined } {
  const [title, name] =
    isTuple(naming) && naming.tuple.length === 2 ? naming.tuple : [undefined, naming];
  const isTitle = title === undefined || (typeof title === "string" && name !== "");
  if (typeof name !== "string" || !isTitle) {
    throw new SyntaxError(`the name of field ${index} is neither a string nor (title, name)`);
  }
  // numpy calls a field that has no name by its place.
  return { name: name === "" ? `f${index}` : name, title };
}

/** numpy writes the gaps of an aligned structure as void fields without a name. */
function isPadding(literal: Literal, { dtype, shape }: StructField): boolean {
  return (
    isTuple(literal) && literal.tuple[0] === "" && dtype.name.startsWith("|V") && shape.length === 0
  );
}
