/** Findings of a doctor, looked up by their check. */
import type { DoctorOptions, DoctorReport, Finding } from "../../../src/index.ts";

interface Examined {
  doctor(options?: DoctorOptions): Promise<DoctorReport>;
}

export class Findings {
  readonly report: DoctorReport;

  constructor(report: DoctorReport) {
    this.report = report;
  }

  all(check: string): readonly Finding[] {
    return this.report.findings.filter((finding) => finding.check === check);
  }

  /** The only finding of a check. */
  of(check: string): Finding {
    const [found, ...more] = this.all(check);
    if (found === undefined || more.length > 0)
      throw new Error(`${check} among ${JSON.stringify(this.report.findings, undefined, 1)}`);
    return found;
  }

  /** `level: message → remedy`. */
  text(check: string): string {
    const { level, message, remedy } = this.of(check);
    return `${level}: ${message} → ${remedy ?? ""}`;
  }

  get checks(): string[] {
    return this.report.findings.map(({ check }) => check);
  }
}

export async function examined(subject: Examined, options?: DoctorOptions): Promise<Findings> {
  return new Findings(await subject.doctor(options));
}
