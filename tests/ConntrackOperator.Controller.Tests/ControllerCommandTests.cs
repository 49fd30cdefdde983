namespace ConntrackOperator.Controller.Tests;

public sealed class ControllerCommandTests
{
    [Theory]
    [InlineData("")]
    [InlineData("--listen none --workers 64 --restore-timeout 5m --status-gap 1s --usage-gap 10s --log-level debug")]
    [InlineData("--listen 0.0.0.0:9809 --namespace ns --lease-name l --identity me --kubeconfig k --context c --agent-template f.yaml")]
    [InlineData("--listen [::1]:9809")]
    public void Options_are_taken(string arguments) => Assert.Empty(ControllerCommand.Create().Parse(arguments).Errors);

    [Theory]
    [InlineData("--workers 0", "--workers: must be 1 to 64")]
    [InlineData("--workers 65", "--workers: must be 1 to 64")]
    [InlineData("--restore-timeout soon", "--restore-timeout: 'soon' must be a duration such as 30s or 2m")]
    [InlineData("--listen 9809", "--listen: '9809' must be address:port")]
    [InlineData("--listen a/b:80", "--listen: 'a/b:80' must be address:port")]
    [InlineData("--nonsense", "--nonsense")]
    public void Mistake_is_told_with_the_option_and_what_is_allowed(string arguments, string message) =>
        Assert.Contains(ControllerCommand.Create().Parse(arguments).Errors, e => e.Message.Contains(message, StringComparison.Ordinal));

    [Fact]
    public async Task Template_that_is_not_there_ends_the_program_with_a_reason_and_not_a_trace()
    {
        var kubeconfig = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(kubeconfig, """
                {"apiVersion":"v1","kind":"Config","current-context":"a","clusters":[{"name":"a","cluster":{"server":"http://127.0.0.1:9"}}],
                 "contexts":[{"name":"a","context":{"cluster":"a","user":"a"}}],"users":[{"name":"a","user":{"token":"t"}}]}
                """, TestContext.Current.CancellationToken);
            Assert.Equal(
                2, await ControllerCommand.Create().Parse(["--kubeconfig", kubeconfig, "--agent-template", "/not/there.yaml"])
                    .InvokeAsync(null, TestContext.Current.CancellationToken));
        }
        finally
        {
            File.Delete(kubeconfig);
        }
    }
}
