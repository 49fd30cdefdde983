using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Deleting;

namespace ConntrackOperator.Engine.Tests.State;

public sealed class FilterFileTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("conntrack-operator-test-");

    [Fact]
    public void Answers_last_for_the_boot_and_the_namespace_and_no_longer()
    {
        var answers = new FilterAnswers(KernelFilters.Flush | KernelFilters.Zone, KernelFilters.Flush);
        Of("boot-1", "cookie 1").Keep(answers);
        Assert.Equal(answers, Of("boot-1", "cookie 1").Load());
        Assert.Equal(default, Of("boot-2", "cookie 1").Load());
        Assert.Equal(default, Of("boot-1", "cookie 2").Load());
    }

    [Theory]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("null")]
    [InlineData("{\"version\": 2, \"bootId\": \"boot-1\", \"networkNamespace\": \"cookie 1\", \"asked\": 7, \"present\": 7}")]
    public void A_file_that_is_not_understood_says_nothing(string content)
    {
        File.WriteAllText(Path.Combine(_directory.FullName, "filters.json"), content);
        Assert.Equal(default, Of("boot-1", "cookie 1").Load());
    }

    [Fact]
    public void A_directory_that_is_not_there_is_made_and_one_that_cannot_be_is_no_failure()
    {
        var answers = new FilterAnswers(KernelFilters.Flush, KernelFilters.None);
        Of("boot-1", "cookie 1", Path.Combine(_directory.FullName, "new")).Keep(answers);
        Assert.Equal(answers, Of("boot-1", "cookie 1", Path.Combine(_directory.FullName, "new")).Load());
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(Path.Combine(_directory.FullName, "new")));
        File.WriteAllText(Path.Combine(_directory.FullName, "file"), "");
        Of("boot-1", "cookie 1", Path.Combine(_directory.FullName, "file")).Keep(answers);
        Assert.Equal(default, Of("boot-1", "cookie 1", Path.Combine(_directory.FullName, "file")).Load());
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private FilterFile Of(string boot, string networkNamespace, string? directory = null) =>
        new(directory ?? _directory.FullName, new TableIdentity(boot, networkNamespace));
}
