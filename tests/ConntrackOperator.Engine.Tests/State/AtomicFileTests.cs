using ConntrackOperator.Engine.State;

namespace ConntrackOperator.Engine.Tests.State;

/// <summary>Files that are whole or not there, and the locks beside them.</summary>
public sealed class AtomicFileTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("conntrack-operator-test-");

    private string Some => Path.Combine(_root.FullName, "some.json");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void A_write_that_fails_at_its_last_step_leaves_nothing_aside()
    {
        // A rename over a directory that is not empty.
        Directory.CreateDirectory(Path.Combine(Some, "in the way"));
        Assert.Throws<IOException>(() => AtomicFile.Write(Some, [], EngineJson.Default.ListFlushRecord));
        Assert.Equal([Some], Directory.GetFileSystemEntries(_root.FullName));
    }

    [Fact]
    public void What_can_not_be_opened_is_an_IOException_and_what_is_not_there_is_null()
    {
        Assert.Null(AtomicFile.ReadBytes(Some));
        Assert.Null(AtomicFile.ReadBytes(Path.Combine(Some, "below")));
        Directory.CreateDirectory(Some);
        Assert.Throws<IOException>(() => AtomicFile.ReadBytes(Some));
        Assert.Throws<IOException>(() => AtomicFile.Read(Some, EngineJson.Default.ListFlushRecord, setAside: true, out _));
    }

    [Fact]
    public void Nine_copies_are_kept_and_the_ninth_is_written_over()
    {
        for (var i = 1; i <= 11; i++)
        {
            File.WriteAllText(Some, $"{i}");
            var copy = AtomicFile.KeepCopy(Some);
            Assert.Equal(Some + (i == 1 ? ".corrupt" : $".corrupt.{Math.Min(i, 9)}"), copy);
            Assert.Equal($"{i}", File.ReadAllText(copy));
        }

        Assert.Equal(10, Directory.GetFiles(_root.FullName).Length);

        // What was kept before is not kept again, wherever it stands.
        File.WriteAllText(Some, "3");
        Assert.Equal(Some + ".corrupt.3", AtomicFile.KeepCopy(Some));
        File.WriteAllText(Some, "11");
        Assert.Equal(Some + ".corrupt.9", AtomicFile.KeepCopy(Some));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_not_valid_is_told_and_set_aside_where_that_is_wanted(bool setAside)
    {
        File.WriteAllText(Some, "{");
        Assert.Null(AtomicFile.Read(Some, EngineJson.Default.ListFlushRecord, setAside, out var problem));
        Assert.StartsWith($"{Some} is not valid (", problem, StringComparison.Ordinal);
        Assert.Equal(setAside, problem!.EndsWith($"; set aside as {Some}.corrupt", StringComparison.Ordinal));
        Assert.Equal((!setAside, setAside), (File.Exists(Some), File.Exists(Some + ".corrupt")));
    }

    [Fact]
    public void What_is_valid_or_not_there_is_no_problem()
    {
        Assert.Null(AtomicFile.Read(Some, EngineJson.Default.ListFlushRecord, setAside: true, out var problem));
        Assert.Null(problem);
        AtomicFile.Write(Some, [], EngineJson.Default.ListFlushRecord);
        Assert.Empty(AtomicFile.Read(Some, EngineJson.Default.ListFlushRecord, setAside: true, out problem)!);
        Assert.Null(problem);
        AtomicFile.Delete(Some);
        AtomicFile.Delete(Some);
        Assert.False(File.Exists(Some));
    }

    [Fact]
    public void A_name_is_held_by_one_and_free_again_after_that()
    {
        var held = NamedLock.TryTake(Some, out var isHeld);
        Assert.NotNull(held);
        Assert.False(isHeld);
        Assert.Null(NamedLock.TryTake(Some, out isHeld));
        Assert.True(isHeld);
        using (var other = NamedLock.TryTake(Some + "2", out isHeld))
        {
            Assert.NotNull(other);
            Assert.False(isHeld);
        }

        held.Dispose();
        using var again = NamedLock.TryTake(Some, out isHeld);
        Assert.NotNull(again);
        Assert.False(isHeld);
    }

    [Fact]
    public void A_directory_under_another_name_is_the_same_directory()
    {
        var alias = Path.Combine(_root.FullName, "alias");
        using var held = StateDirectory.Open(Some);
        Assert.False(held.IsReadOnly);
        Directory.CreateSymbolicLink(alias, Some);
        Assert.Throws<StateDirectoryBusyException>(() => StateDirectory.Open(alias));

        // What somebody deletes is taken again, unless somebody else was quicker.
        var lockFile = Path.Combine(Some, "lock");
        File.Delete(lockFile);
        held.EnsureHeld();
        Assert.Throws<StateDirectoryBusyException>(() => StateDirectory.Open(alias));
        File.Delete(lockFile);
        using (StateDirectory.Open(alias))
        {
            held.EnsureHeld();
            File.Delete(lockFile);
            using var quicker = new FileStream(lockFile, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
            held.EnsureHeld();
        }
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/../some.json")]
    [InlineData("/.")]
    public void A_directory_that_is_deleted_stays_held_however_its_path_is_written(string after)
    {
        using var held = StateDirectory.Open(Some);
        Directory.Delete(Some, recursive: true);
        Assert.Throws<StateDirectoryBusyException>(() => StateDirectory.Open(Some + after));
    }

    [Fact]
    public void A_lock_that_can_not_be_made_again_is_an_IOException()
    {
        using var held = StateDirectory.Open(Some);
        Directory.Delete(Some, recursive: true);
        File.WriteAllText(Some, "no directory");
        Assert.ThrowsAny<IOException>(held.EnsureHeld);
    }

    [Fact]
    public void Who_only_looks_takes_no_lock_and_makes_nothing()
    {
        using var look = StateDirectory.OpenReadOnly(Some);
        Assert.True(look.IsReadOnly);
        look.EnsureHeld();
        Assert.False(Directory.Exists(Some));
        using var held = StateDirectory.Open(Some);
        using var second = StateDirectory.OpenReadOnly(Some);
        Assert.Equal(Some, second.Path);
    }
}
