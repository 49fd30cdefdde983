using System.Buffers;
using System.Globalization;
using System.Text;
using OpenTelemetry.Metrics;

namespace ConntrackOperator.Telemetry.Prometheus;

/// <summary>
/// Prometheus' text format, version 0.0.4. Names are written as they are: the instruments carry Prometheus names. Not
/// thread-safe.
/// </summary>
internal sealed class PrometheusWriter
{
    private readonly ArrayBufferWriter<byte> _text = new(8192);

    public void Clear() => _text.ResetWrittenCount();

    public byte[] ToArray() => _text.WrittenSpan.ToArray();

    public void Write(Metric metric)
    {
        var begun = false;
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            if (!begun)
            {
                Head(metric);
                begun = true;
            }

            switch (metric.MetricType)
            {
                case MetricType.LongSum or MetricType.LongSumNonMonotonic:
                    Sample(metric.Name, string.Empty, point.Tags, null, Number(point.GetSumLong()));
                    break;
                case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic:
                    Sample(metric.Name, string.Empty, point.Tags, null, Number(point.GetSumDouble()));
                    break;
                case MetricType.LongGauge:
                    Sample(metric.Name, string.Empty, point.Tags, null, Number(point.GetGaugeLastValueLong()));
                    break;
                case MetricType.DoubleGauge:
                    Sample(metric.Name, string.Empty, point.Tags, null, Number(point.GetGaugeLastValueDouble()));
                    break;
                case MetricType.Histogram:
                    Histogram(metric.Name, point);
                    break;
                default:
                    // No instrument of ours makes an exponential histogram.
                    break;
            }
        }
    }

    private static string Type(MetricType type) => type switch
    {
        MetricType.LongSum or MetricType.DoubleSum => "counter",
        MetricType.Histogram => "histogram",
        _ => "gauge",
    };

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Number(double value) =>
        double.IsPositiveInfinity(value)
            ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : value.ToString(CultureInfo.InvariantCulture);

    private void Head(Metric metric)
    {
        if (metric.Description.Length > 0)
        {
            Text("# HELP ");
            Text(metric.Name);
            Text(" ");
            Text(metric.Description.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal));
            Text("\n");
        }

        Text("# TYPE ");
        Text(metric.Name);
        Text(" ");
        Text(Type(metric.MetricType));
        Text("\n");
    }

    private void Histogram(string name, in MetricPoint point)
    {
        var below = 0L;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            below += bucket.BucketCount;
            Sample(name, "_bucket", point.Tags, Number(bucket.ExplicitBound), Number(below));
        }

        Sample(name, "_sum", point.Tags, null, Number(point.GetHistogramSum()));
        Sample(name, "_count", point.Tags, null, Number(point.GetHistogramCount()));
    }

    private void Sample(string name, string suffix, in OpenTelemetry.ReadOnlyTagCollection labels, string? le, string value)
    {
        Text(name);
        Text(suffix);
        var separator = "{";
        foreach (var (label, text) in labels)
        {
            Text(separator);
            Text(LabelName(label));
            Text("=\"");
            Text(LabelValue(text is bool flag ? (flag ? "true" : "false") : Convert.ToString(text, CultureInfo.InvariantCulture)));
            Text("\"");
            separator = ",";
        }

        if (le is not null)
        {
            Text(separator);
            Text("le=\"");
            Text(le);
            Text("\"");
            separator = ",";
        }

        Text(separator == "," ? "} " : " ");
        Text(value);
        Text("\n");
    }

    /// <summary>The SDK's own label of what is beyond a metric's bound, otel.metric.overflow, has dots in it.</summary>
    private static string LabelName(string name) => name.Replace('.', '_');

    private static string LabelValue(string? value) =>
        value is null ? string.Empty
        : value.AsSpan().IndexOfAny('\\', '"', '\n') < 0 ? value
        : value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal);

    private void Text(string text) =>
        _text.Advance(Encoding.UTF8.GetBytes(text, _text.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length))));
}
