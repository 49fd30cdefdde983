using ConntrackOperator.Kubernetes.Informers;
using CsCheck;

namespace ConntrackOperator.Kubernetes.Tests.Informers;

public sealed class ObjectStoreTests
{
    private static readonly Gen<Widget[]> _lists =
        Gen.Select(Gen.Int[0, 6], Gen.Int[0, 2], Gen.Int[0, 5]).Select((name, uid, version) => Make(name, uid, version))
            .Array[0, 8].Select(items => items.DistinctBy(item => item.Metadata!.Name).ToArray());

    [Fact]
    public void Changes_of_a_swap_lead_from_the_old_state_to_the_new() => Gen.Select(_lists, _lists).Sample((before, after) =>
    {
        var store = new ObjectStore<Widget>();
        store.Swap(before, []);
        var replayed = before.ToDictionary(item => ObjectKey.Of(item));
        foreach (var change in store.Swap(after, []))
        {
            switch (change.Kind)
            {
                case WatchChangeKind.Added:
                    Assert.True(replayed.TryAdd(change.Key, change.New!));
                    break;
                case WatchChangeKind.Modified:
                    Assert.Same(replayed[change.Key], change.Old);
                    Assert.Equal(change.Old!.Metadata!.Uid, change.New!.Metadata!.Uid);
                    replayed[change.Key] = change.New;
                    break;
                default:
                    Assert.Same(replayed[change.Key], change.Old);
                    Assert.Null(change.New);
                    Assert.True(replayed.Remove(change.Key));
                    break;
            }
        }

        Assert.Equal(after.Length, store.Count);
        foreach (var item in after)
        {
            Assert.True(store.TryGet(ObjectKey.Of(item), out var stored));
            Assert.Same(item, stored);
            // What did not change was not told, and is equal.
            Assert.Equal(item.Metadata!.ResourceVersion, replayed[ObjectKey.Of(item)].Metadata!.ResourceVersion);
        }

        Assert.Equal(after.Length, replayed.Count);
    });

    [Fact]
    public void Object_that_vanished_between_lists_is_reported_with_its_last_state()
    {
        var store = new ObjectStore<Widget>();
        var last = Make(1, 1, 4);
        store.Swap([last, Make(2, 1, 1)], []);
        var change = Assert.Single(store.Swap([Make(2, 1, 1)], []));
        Assert.Equal(WatchChangeKind.Deleted, change.Kind);
        Assert.Same(last, change.Object);
    }

    [Fact]
    public void Object_of_the_same_name_with_another_uid_is_a_deletion_and_an_addition()
    {
        var store = new ObjectStore<Widget>();
        store.Swap([Make(1, 1, 1)], []);
        Assert.Equal([WatchChangeKind.Deleted, WatchChangeKind.Added], store.Set(Make(1, 2, 2)).Select(change => change.Kind));
    }

    [Fact]
    public void Object_that_exists_but_cannot_be_read_is_not_taken_for_deleted()
    {
        var store = new ObjectStore<Widget>();
        var known = Make(1, 1, 1);
        store.Swap([known], []);
        Assert.Empty(store.Swap([], [ObjectKey.Of(known)]));
        Assert.True(store.TryGet(ObjectKey.Of(known), out var kept));
        Assert.Same(known, kept);
    }

    [Fact]
    public void Snapshot_does_not_change_under_its_reader()
    {
        var store = new ObjectStore<Widget>();
        store.Set(Make(1, 1, 1));
        var snapshot = store.Snapshot;
        store.Set(Make(2, 1, 1));
        store.Remove(Make(1, 1, 1));
        Assert.Equal(["w1"], snapshot.Keys.Select(key => key.Name));
        Assert.Equal(["w2"], store.Snapshot.Keys.Select(key => key.Name));
    }

    [Fact]
    public void Deletion_of_something_unknown_is_no_change() =>
        Assert.Empty(new ObjectStore<Widget>().Remove(Make(1, 1, 1)));

    internal static Widget Make(int name, int uid, int version) => new()
    {
        Metadata = new()
        {
            Name = FormattableString.Invariant($"w{name}"),
            Uid = FormattableString.Invariant($"u{uid}"),
            ResourceVersion = FormattableString.Invariant($"{version}"),
        },
    };
}
