using System.Diagnostics;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Cli.Tests.Output;

public sealed class LiveScreenTests
{
    [Theory]
    [InlineData('q')]
    [InlineData('Q')]
    public async Task Q_ends_a_live_screen_and_leaves_the_terminal_as_it_was(char key)
    {
        // script(1) gives the program a terminal, and passes on what is typed.
        NetworkNamespace.Require("script");
        using var network = new NetworkNamespace();
        using var screen = network.Run(
            () => Process.Start(new ProcessStartInfo("script", ["-qec", $"{CliProcess.Program} host top", "/dev/null"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                Environment = { ["TERM"] = "xterm" },
            })!);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        try
        {
            var seen = "";
            var buffer = new char[4096];
            while (!seen.Contains("q ends", StringComparison.Ordinal))
            {
                var read = await screen.StandardOutput.ReadAsync(buffer, limit.Token);
                Assert.True(read > 0, $"it ended by itself: {seen}");
                seen += new string(buffer, 0, read);
            }

            await screen.StandardInput.WriteAsync(key);
            await screen.StandardInput.FlushAsync(limit.Token);
            seen += await screen.StandardOutput.ReadToEndAsync(limit.Token);
            await screen.WaitForExitAsync(limit.Token);
            Assert.Equal(0, screen.ExitCode);
            Assert.Contains("\e[?1049l", seen, StringComparison.Ordinal);
        }
        finally
        {
            if (!screen.HasExited)
            {
                screen.Kill(entireProcessTree: true);
            }
        }
    }
}
