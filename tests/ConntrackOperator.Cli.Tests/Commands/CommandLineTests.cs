using System.CommandLine;
using ConntrackOperator.Cli.Commands;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Planning.Advice.Remedies;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Cli.Tests.Commands;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("")]
    [InlineData("host")]
    [InlineData("host apply")]
    [InlineData("host status")]
    [InlineData("host doctor")]
    [InlineData("doctor")]
    [InlineData("host restore")]
    [InlineData("host watch")]
    [InlineData("status")]
    [InlineData("plan")]
    [InlineData("crd")]
    [InlineData("version")]
    public void Every_commands_help_shows_how_kubectl_calls_it_and_an_example(string command)
    {
        var result = CliProcess.Run([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains(
            $"\n  kubectl conntrack{(command.Length == 0 ? string.Empty : " " + command)}", result.Output, StringComparison.Ordinal);
        Assert.Matches($"Examples?:\n  .*kubectl conntrack {(command.Length == 0 ? "host" : command)}", result.Output);
        Assert.DoesNotContain("kubectl-conntrack", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "Required command was not provided.")]
    [InlineData("host", "Required command was not provided.")]
    [InlineData("hots", "'hots'")]
    [InlineData("host apply", "'--filename' is required")]
    [InlineData("host apply -f", "'-f'")]
    [InlineData("host apply -f x -o toml", "--output: Invalid value: \"toml\": must be one of table, json, yaml")]
    [InlineData("host status --nope", "'--nope'")]
    [InlineData("status a b", "'b'")]
    [InlineData("plan", "'--filename' is required")]
    [InlineData("host restore --from a --from b", "'--from' expects a single argument but 2 were provided")]
    [InlineData("host flows --limit abc", "--limit: Invalid value: \"abc\": must be a whole number of at least 1")]
    [InlineData("host flows --limit 0", "--limit: Invalid value: \"0\": must be a whole number of at least 1")]
    [InlineData("host flows -o foo", "--output: Invalid value: \"foo\": must be one of line, proc, jsonl, json, yaml, table")]
    [InlineData("host flows --family ipv5", "--family: Invalid value: \"ipv5\": must be one of ipv4, ipv6")]
    [InlineData("host flows --source-of netlink", "--source-of: Invalid value: \"netlink\": must be one of ctnetlink, proc")]
    [InlineData("flush --all-nodes --all --ttl soon", "--ttl: Invalid value: \"soon\": must be from 0 to")]
    public void Usage_errors_are_exit_code_2_and_point_to_the_help(string arguments, string expected)
    {
        var result = CliProcess.Run(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(2, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        Assert.Matches("See 'kubectl conntrack.* --help'.\n$", result.Error);
        Assert.DoesNotContain("ConntrackOperator.", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_value_is_refused_wherever_a_command_takes_one()
    {
        var root = CommandTree.Build();
        var tried = 0;
        Try(root, []);
        Assert.True(tried > 100, $"{tried} tried");

        void Try(Command command, string[] path)
        {
            foreach (var option in command.Options.Where(o => o.Arity.MaximumNumberOfValues > 0 && !IsFlag(o)))
            {
                Refused(option.Name, [.. path, option.Name, string.Empty]);
                Refused(option.Name, [.. path, option.Name, "x", option.Name, string.Empty]);
            }

            foreach (var argument in command.Arguments)
            {
                Refused(argument.Name, [.. path, string.Empty]);
            }

            foreach (var below in command.Subcommands)
            {
                Try(below, [.. path, below.Name]);
            }
        }

        // These take a value only with =, which a test of conditions tries.
        static bool IsFlag(Option option) => option.ValueType == typeof(bool) || option.ValueType == typeof(bool?);

        void Refused(string name, string[] line)
        {
            tried++;
            Assert.True(CommandLine.EmptyValue(root.Parse(line)) == name, string.Join(' ', line) + "''");
        }
    }

    [Theory]
    [InlineData("--filename", "host", "apply", "-f", "")]
    [InlineData("--filename", "plan", "-f", "")]
    [InlineData("--filename", "doctor", "-f", "")]
    [InlineData("--from", "host", "restore", "--from", "")]
    [InlineData("FILE", "host", "backup", "")]
    [InlineData("--sysctl-dir", "host", "status", "--sysctl-dir", "")]
    [InlineData("--state-dir", "host", "flush", "-p", "tcp", "--state-dir", "")]
    [InlineData("--state-dir", "host", "status", "--state-dir=")]
    [InlineData("--node", "top", "--node", "")]
    [InlineData("--kubeconfig", "status", "--kubeconfig", "")]
    [InlineData("--output", "crd", "--output", "")]
    public void An_empty_name_of_a_file_a_directory_or_a_node_is_bad_input(string name, params string[] line)
    {
        var result = CliProcess.Run(line);
        Assert.Equal((2, $"error: {name}: Invalid value: \"\": must not be empty\n"), (result.ExitCode, result.Error));
    }

    [Fact]
    public async Task A_second_signal_ends_what_does_not_end_at_the_first()
    {
        using var process = CliProcess.Start(null, CliProcess.Program, "plan", "-f", "-");
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);

        // More than a pipe holds: once it is written, it is being read.
        await process.StandardInput.WriteAsync(new string('#', 1 << 20).AsMemory(), TestContext.Current.CancellationToken);
        await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);

        // What the kernel makes one of while it is pending is one.
        while (!process.HasExited)
        {
            Signals.Send(process, Signals.Interrupt);
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        Assert.Equal((130, string.Empty), (process.ExitCode, await error));
    }

    [Fact]
    public void Kubectl_finds_it_as_a_plugin()
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? string.Empty;
        Assert.SkipUnless(path.Split(':').Any(d => File.Exists(Path.Combine(d, "kubectl"))), "kubectl is not on the PATH.");
        var kubectl = path.Split(':').Select(d => Path.Combine(d, "kubectl")).First(File.Exists);
        var environment = new Dictionary<string, string> { ["PATH"] = AppContext.BaseDirectory + ":" + path };
        var help = CliProcess.RunWith(null, environment, kubectl, "conntrack", "host", "apply", "--help");
        Assert.Contains("  kubectl conntrack host apply [options]", help.Output, StringComparison.Ordinal);
        Assert.Equal(2, CliProcess.RunWith(null, environment, kubectl, "conntrack", "host", "apply").ExitCode);
    }

    [Fact]
    public void The_version_is_printed_alone() => Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", CliProcess.Run("version").Output);

    [Theory]
    [InlineData("/usr/local/bin/kubectl-conntrack", "kubectl conntrack")]
    [InlineData("/opt/kubectl-conntrack.dll", "kubectl conntrack")]
    [InlineData("conntrackctl", "conntrackctl")]
    public void The_program_is_named_as_it_is_called(string argument, string expected) =>
        Assert.Equal(expected, ProgramName.AsCalledBy(argument));

    [Fact]
    public void Tables_are_aligned_with_numbers_to_the_right_and_no_blanks_at_the_end()
    {
        var table = new TextTable("NAME", ">COUNT", "WHY");
        table.Add("a", "1000", string.Empty);
        table.Add("longer", "5", "because");
        Assert.Equal("NAME     COUNT   WHY\na         1000\nlonger       5   because\n", table.Plain());
    }

    [Fact]
    public void Without_a_cluster_it_says_how_to_name_one()
    {
        var result = CliProcess.RunWith(
            null, new Dictionary<string, string> { ["KUBECONFIG"] = "/nonexistent/kubeconfig" }, CliProcess.Program, "status");
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("error: no cluster: ", result.Error, StringComparison.Ordinal);
        Assert.Contains("--kubeconfig", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_can_not_be_reached_is_one_line_and_exit_code_1()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, """
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
            contexts: [{name: c, context: {cluster: c, user: u}}]
            users: [{name: u, user: {}}]
            current-context: c
            """);
        var result = CliProcess.Run("status", "--kubeconfig", file);
        File.Delete(file);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("error: ", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }
}
