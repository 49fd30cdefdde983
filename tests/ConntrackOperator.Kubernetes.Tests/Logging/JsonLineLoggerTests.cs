using System.Text.Json;
using ConntrackOperator.Kubernetes.Logging;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Kubernetes.Tests.Logging;

public sealed partial class JsonLineLoggerTests : IDisposable
{
    private readonly MemoryStream _output = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 26, 9, 30, 0, TimeSpan.Zero));

    public void Dispose() => _output.Dispose();

    [Fact]
    public void Each_value_of_a_message_is_a_field_of_its_own()
    {
        var exception = new InvalidOperationException("outer", new IOException("inner"));
        var logger = Logger();
        Refused(logger, exception, "web", 2.5, 7, true, null);
        Assert.Equal(
            """{"time":"2026-11-26T09:30:00Z","level":"warning","node":"node-1","event":"Refused","message":"policy web was refused, again in 3 s (7, True, (null))","policy":"web","retrySeconds":2.5,"count":7,"last":true,"setting":null,"error":"outer: inner"}""",
            Assert.Single(Lines()));
    }

    [Fact]
    public void A_value_does_not_stand_in_for_a_field_of_the_line_or_of_the_program()
    {
        var logger = Logger();
        Forged(logger, "forged", "critical", "other-node");
        using var line = JsonDocument.Parse(Assert.Single(Lines()));
        Assert.Equal("forged critical other-node", line.RootElement.GetProperty("message").GetString());
        Assert.Equal("error", line.RootElement.GetProperty("level").GetString());
        Assert.Equal("node-1", line.RootElement.GetProperty("node").GetString());
        Assert.Equal(["time", "level", "node", "event", "message"], line.RootElement.EnumerateObject().Select(field => field.Name));
    }

    [Theory]
    [InlineData(LogLevel.Debug, 4)]
    [InlineData(LogLevel.Information, 3)]
    [InlineData(LogLevel.Warning, 2)]
    [InlineData(LogLevel.Error, 1)]
    public void Only_the_level_and_above_is_written(LogLevel level, int lines)
    {
        var logger = Logger(level);
        foreach (var of in (LogLevel[])[LogLevel.Debug, LogLevel.Information, LogLevel.Warning, LogLevel.Error, LogLevel.None])
        {
            Plain(logger, of, "text");
        }

        Assert.Equal(lines, Lines().Length);
    }

    [Fact]
    public void A_line_break_in_a_value_stays_within_its_line()
    {
        var logger = Logger();
        Plain(logger, LogLevel.Information, "one\ntwo \"three\"");
        using var line = JsonDocument.Parse(Assert.Single(Lines()));
        Assert.Equal("one\ntwo \"three\"", line.RootElement.GetProperty("text").GetString());
    }

    private JsonLineLogger Logger(LogLevel level = LogLevel.Debug) => new(_output, _time, level, ("node", "node-1"));

    private string[] Lines() => System.Text.Encoding.UTF8.GetString(_output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [LoggerMessage(1, LogLevel.Warning, "policy {Policy} was refused, again in {RetrySeconds:0} s ({Count}, {Last}, {Setting})")]
    private static partial void Refused(
        ILogger log, Exception exception, string policy, double retrySeconds, long count, bool last, string? setting);

    [LoggerMessage(2, LogLevel.Error, "{Message} {Level} {Node}")]
    private static partial void Forged(ILogger log, string message, string level, string node);

    [LoggerMessage(Message = "{Text}")]
    private static partial void Plain(ILogger log, LogLevel level, string text);
}
