/** A file whose content cannot be taken: not what it says it is, damaged or hostile. */
export class FormatError extends Error {
  override name = "FormatError";
  readonly file: string;
  readonly where: string;
  readonly problem: string;

  /**
   * @param file its path, or what stands for it
   * @param where the entry, field or offset in it
   * @param problem what is wrong there, with the value found
   */
  constructor(file: string, where: string, problem: string, options?: ErrorOptions) {
    super(`${file}: ${where}: ${problem}`, options);
    this.file = file;
    this.where = where;
    this.problem = problem;
  }
}
