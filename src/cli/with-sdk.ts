/** What needs the SDK of S3 is loaded when it is asked for: that takes a tenth of a second, and not everybody has it. */
import { CliError, EXIT_FAILURE } from "./failure.ts";

/**
 * @param name what the command line says, for messages
 * @param load imports the module
 */
export async function withSdk<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" || !message.includes("@aws-sdk/")) throw cause;
    const reason = "takes a package that is not installed: npm install @aws-sdk/client-s3";
    throw new CliError(`'${name}' ${reason}`, EXIT_FAILURE, { cause });
  }
}
