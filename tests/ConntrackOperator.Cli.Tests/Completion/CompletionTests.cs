using ConntrackOperator.Cli.Tests.Cluster;
using ConntrackOperator.Planning.Advice.Remedies;

namespace ConntrackOperator.Cli.Tests.Completion;

/// <summary>What shells are answered, and real shells that ask.</summary>
public sealed class CompletionTests(ReportedCluster cluster) : IClassFixture<ReportedCluster>
{
    [Theory]
    [InlineData("do", "doctor")]
    [InlineData("host do", "doctor")]
    [InlineData("flush --no", "--no-wait --node")]
    [InlineData("doctor -o ", "json table yaml")]
    [InlineData("doctor -o js", "json")]
    [InlineData("doctor --output=ya", "--output=yaml")]
    [InlineData("doctor --ignore cl", "cloud-idle")]
    [InlineData("host flush --protocol ud", "udp udplite")]
    [InlineData("host flush --protocol tcp --state TIME_W", "TIME_WAIT")]
    [InlineData("completion f", "fish")]
    [InlineData("host nosuch ", "")]
    [InlineData("__comp", "")]
    public void What_fits_is_suggested(string typed, string expected) =>
        Assert.Equal(expected, Words(CliProcess.Run(["__complete", .. typed.Split(' ')]), ":4"));

    [Fact]
    public void Files_are_left_to_the_shell() =>
        Assert.EndsWith(":0\n", CliProcess.Run("__complete", "host", "apply", "-f", "").Output, StringComparison.Ordinal);

    [Fact]
    public void Every_command_that_help_lists_is_suggested()
    {
        var help = CliProcess.Run("--help").Output;
        var listed = help[help.IndexOf("Commands:\n", StringComparison.Ordinal)..].Split('\n').Skip(1)
            .TakeWhile(l => l.StartsWith("  ", StringComparison.Ordinal))
            .Where(l => l[2] != ' ').Select(l => l.Trim().Split(' ')[0]).Order(StringComparer.Ordinal);
        Assert.Equal(string.Join(' ', listed), Words(CliProcess.Run("__complete", ""), ":4"));
    }

    [Fact]
    public void Names_of_policies_and_nodes_come_from_the_cluster()
    {
        Assert.Equal("edge", Names("status", ""));
        Assert.Equal("node-1 node-2 node-3", Names("top", "--node", "node"));
    }

    // What takes longer than somebody who types waits for is no answer, and on a busy machine anything can.
    private string Names(params string[] typed)
    {
        var names = string.Empty;
        for (var tries = 0; names.Length == 0 && tries < 40; tries++)
        {
            names = Words(cluster.Run(null, ["__complete", .. typed]), ":4");
        }

        return names;
    }

    [Fact]
    public void Without_a_cluster_there_are_no_names_and_no_error()
    {
        var result = CliProcess.RunWith(
            null, new Dictionary<string, string> { ["KUBECONFIG"] = "/nonexistent" }, CliProcess.Program, "__complete", "status", "");
        Assert.Equal((0, ":4\n", string.Empty), (result.ExitCode, result.Output, result.Error));
    }

    [Theory]
    [InlineData("kubectl-conntrack doc", "doctor")]
    [InlineData("kubectl-conntrack doctor --output js", "json")]
    [InlineData("kubectl-conntrack doctor --output = js", "json")]
    [InlineData("kubectl-conntrack host flush --state TIME_W", "TIME_WAIT")]
    public void A_real_bash_completes(string words, string expected)
    {
        var list = words.Split(' ');
        var script = $$"""
            source <(kubectl-conntrack completion bash)
            COMP_WORDS=({{string.Join(' ', list.Select(w => $"'{w}'"))}}); COMP_CWORD={{list.Length - 1}}
            complete -p kubectl-conntrack >/dev/null && _kubectl_conntrack
            echo "${COMPREPLY[*]}"
            """;
        Assert.Equal((expected + "\n", string.Empty), Shell("bash", script));
    }

    [Theory]
    [InlineData("zsh")]
    [InlineData("fish")]
    public void Other_shells_take_their_script(string shell)
    {
        Assert.SkipUnless(
            (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':').Any(d => File.Exists(Path.Combine(d, shell))),
            $"{shell} is not installed.");
        var script = shell == "fish"
            ? "kubectl-conntrack completion fish | source; complete -C 'kubectl-conntrack doc' | string split -f1 \\t"
            : "autoload -Uz compinit && compinit -u -D; source <(kubectl-conntrack completion zsh); print ${_comps[kubectl-conntrack]}";
        Assert.Equal(((shell == "fish" ? "doctor" : "_kubectl_conntrack") + "\n", string.Empty), Shell(shell, script));
    }

    [Fact]
    public void Kubectls_own_program_asks_the_same() => Assert.Equal(("doctor\n", string.Empty), Shell("bash", """
        d=$(mktemp -d); kubectl-conntrack completion kubectl >$d/kubectl_complete-conntrack; chmod +x $d/kubectl_complete-conntrack
        $d/kubectl_complete-conntrack doc | head -n 1 | cut -f1; rm -r $d
        """));

    [Fact]
    public void Another_shell_is_bad_input() => Assert.Equal(
        (2, "error: completion: Invalid value: \"tcsh\": must be one of bash, zsh, fish, kubectl\n"),
        (CliProcess.Run("completion", "tcsh").ExitCode, CliProcess.Run("completion", "tcsh").Error));

    private static (string Output, string Error) Shell(string shell, string script)
    {
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = AppContext.BaseDirectory + ":" + Environment.GetEnvironmentVariable("PATH"),
        };
        var result = CliProcess.RunWith(null, environment, shell, "-c", script);
        return (result.Output, result.Error);
    }

    private static string Words(CliResult result, string directive)
    {
        var lines = result.Output.TrimEnd('\n').Split('\n');
        Assert.Equal((directive, string.Empty), (lines[^1], result.Error));
        return string.Join(' ', lines.SkipLast(1).Select(l => l.Split('\t')[0]).Order(StringComparer.Ordinal));
    }
}
