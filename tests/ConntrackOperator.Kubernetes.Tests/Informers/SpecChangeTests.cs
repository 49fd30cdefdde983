using ConntrackOperator.Api.Meta;
using ConntrackOperator.Kubernetes.Informers;

namespace ConntrackOperator.Kubernetes.Tests.Informers;

public sealed class SpecChangeTests
{
    private static readonly ObjectMeta _before = new() { Name = "a", Uid = "1", Generation = 3, ResourceVersion = "7" };

    [Fact]
    public void Change_of_the_status_alone_does_not_pass() => Assert.False(Passes(_before with { ResourceVersion = "8" }));

    [Fact]
    public void Change_of_the_generation_passes() => Assert.True(Passes(_before with { Generation = 4 }));

    [Fact]
    public void Same_generation_of_another_object_passes() => Assert.True(Passes(_before with { Uid = "2" }));

    [Fact]
    public void Deletion_mark_passes() => Assert.True(Passes(_before with { DeletionTimestamp = DateTimeOffset.UnixEpoch }));

    [Fact]
    public void Change_of_the_finalizers_passes() => Assert.True(Passes(_before with { Finalizers = ["x"] }));

    [Fact]
    public void Kind_without_generations_always_passes() => Assert.True(Passes(_before with { Generation = null }));

    [Fact]
    public void Addition_and_deletion_pass()
    {
        var item = new Widget { Metadata = _before };
        Assert.True(SpecChange.Is(new WatchChange<Widget>(WatchChangeKind.Added, ObjectKey.Of(item), null, item)));
        Assert.True(SpecChange.Is(new WatchChange<Widget>(WatchChangeKind.Deleted, ObjectKey.Of(item), item, null)));
    }

    private static bool Passes(ObjectMeta after) => SpecChange.Is(new WatchChange<Widget>(
        WatchChangeKind.Modified, new(null, "a"), new() { Metadata = _before }, new() { Metadata = after }));
}
