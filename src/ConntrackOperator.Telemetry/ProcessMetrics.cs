using System.Diagnostics.Metrics;

namespace ConntrackOperator.Telemetry;

/// <summary>What the process itself costs, under the names that every Prometheus client uses.</summary>
internal sealed class ProcessMetrics : IDisposable
{
    public const string MeterName = "ConntrackOperator.Process";

    private readonly Meter _meter = new(MeterName);

    public ProcessMetrics(string component, string version, DateTimeOffset started)
    {
        KeyValuePair<string, object?>[] build = [new("component", component["conntrack-".Length..]), new("version", version)];
        _meter.CreateObservableGauge(
            "conntrack_build_info", () => new Measurement<long>(1, build), null, "1, with the component and its version as labels.");
        _meter.CreateObservableCounter(
            "process_cpu_seconds_total", () => Environment.CpuUsage.TotalTime.TotalSeconds, "s",
            "User and system CPU time of this process.");
        _meter.CreateObservableGauge(
            "process_resident_memory_bytes", () => Environment.WorkingSet, "By", "Resident memory of this process.");
        _meter.CreateObservableGauge(
            "process_start_time_seconds", () => started.ToUnixTimeMilliseconds() / 1000.0, "s",
            "When this process started, in seconds since 1970.");
    }

    public void Dispose() => _meter.Dispose();
}
