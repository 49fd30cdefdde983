#if OTLP_PROTOS
using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Opentelemetry.Proto.Collector.Logs.V1;
using Opentelemetry.Proto.Collector.Metrics.V1;
using Opentelemetry.Proto.Collector.Trace.V1;
using Opentelemetry.Proto.Logs.V1;
using Opentelemetry.Proto.Metrics.V1;
using Opentelemetry.Proto.Trace.V1;

namespace ConntrackOperator.Telemetry.Tests.Otlp;

/// <summary>A collector in the test's process: takes OTLP over gRPC and over HTTP with the protocol's own types, and keeps it.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OtlpReceiver(WebApplication app) => _app = app;

    public Received Received { get; } = new();

    public Uri Grpc { get; private set; } = null!;

    public Uri Http { get; private set; } = null!;

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, o => o.Protocols = HttpProtocols.Http2);
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, o => o.Protocols = HttpProtocols.Http1);
        });
        builder.Services.AddGrpc();
        builder.Services.AddSingleton<Received>();
        var app = builder.Build();
        app.MapGrpcService<Metrics>();
        app.MapGrpcService<Traces>();
        app.MapGrpcService<Logs>();
        var receiver = new OtlpReceiver(app);
        app.MapPost(
            "/v1/metrics",
            c => TakeAsync(c, ExportMetricsServiceRequest.Parser, r => receiver.Received.Add(r), new ExportMetricsServiceResponse()));
        app.MapPost(
            "/v1/traces",
            c => TakeAsync(c, ExportTraceServiceRequest.Parser, r => receiver.Received.Add(r), new ExportTraceServiceResponse()));
        app.MapPost(
            "/v1/logs", c => TakeAsync(c, ExportLogsServiceRequest.Parser, r => receiver.Received.Add(r), new ExportLogsServiceResponse()));
        app.Services.GetRequiredService<Received>().Forward = receiver.Received;
        await app.StartAsync();
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToArray();
        (receiver.Grpc, receiver.Http) = (new Uri(addresses[0]), new Uri(addresses[1]));
        return receiver;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static async Task TakeAsync<T>(HttpContext context, MessageParser<T> parser, Action<T> add, IMessage answer)
        where T : IMessage<T>
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        add(parser.ParseFrom(body.ToArray()));
        context.Response.ContentType = "application/x-protobuf";
        await context.Response.Body.WriteAsync(answer.ToByteArray());
    }

    private sealed class Metrics(Received received) : MetricsService.MetricsServiceBase
    {
        public override Task<ExportMetricsServiceResponse> Export(ExportMetricsServiceRequest request, ServerCallContext context)
        {
            received.Forward!.Add(request);
            return Task.FromResult(new ExportMetricsServiceResponse());
        }
    }

    private sealed class Traces(Received received) : TraceService.TraceServiceBase
    {
        public override Task<ExportTraceServiceResponse> Export(ExportTraceServiceRequest request, ServerCallContext context)
        {
            received.Forward!.Add(request);
            return Task.FromResult(new ExportTraceServiceResponse());
        }
    }

    private sealed class Logs(Received received) : LogsService.LogsServiceBase
    {
        public override Task<ExportLogsServiceResponse> Export(ExportLogsServiceRequest request, ServerCallContext context)
        {
            received.Forward!.Add(request);
            return Task.FromResult(new ExportLogsServiceResponse());
        }
    }
}

/// <summary>What came.</summary>
internal sealed class Received
{
    public Received? Forward { get; set; }

    public ConcurrentQueue<ResourceMetrics> Metrics { get; } = new();

    public ConcurrentQueue<ResourceSpans> Traces { get; } = new();

    public ConcurrentQueue<ResourceLogs> Logs { get; } = new();

    public IEnumerable<Metric> AllMetrics => Metrics.SelectMany(r => r.ScopeMetrics).SelectMany(s => s.Metrics);

    public IEnumerable<Span> AllSpans => Traces.SelectMany(r => r.ScopeSpans).SelectMany(s => s.Spans);

    public IEnumerable<LogRecord> AllLogs => Logs.SelectMany(r => r.ScopeLogs).SelectMany(s => s.LogRecords);

    public void Add(ExportMetricsServiceRequest request) => request.ResourceMetrics.ToList().ForEach(Metrics.Enqueue);

    public void Add(ExportTraceServiceRequest request) => request.ResourceSpans.ToList().ForEach(Traces.Enqueue);

    public void Add(ExportLogsServiceRequest request) => request.ResourceLogs.ToList().ForEach(Logs.Enqueue);
}
#endif
