using System.Net;
using ConntrackOperator.Kubernetes.Health;

namespace ConntrackOperator.Kubernetes.Tests;

public sealed class ConnectionTableTests
{
    private static readonly IPAddress _a = IPAddress.Parse("10.0.0.1");
    private static readonly IPAddress _b = IPAddress.Parse("10.0.0.2");
    private readonly ConnectionTable _table = new(places: 6, share: 4);
    private readonly List<string> _closed = [];

    [Fact]
    public void Full_house_closes_the_oldest_that_has_sent_nothing()
    {
        Admit("a1", _a).Use = ConnectionUse.Kept;
        Admit("a2", _a);
        Admit("a3", _a);
        Admit("b1", _b).Use = ConnectionUse.Answering;
        Admit("b2", _b);
        Admit("b3", _b);
        Assert.Empty(_closed);
        Admit("new", _b);
        Assert.Equal(["a2"], _closed);
        Assert.Equal(6, _table.Count);
    }

    [Fact]
    public void Address_that_has_its_share_makes_room_for_itself_and_nobody_else_does()
    {
        Admit("b1", _b);
        foreach (var name in new[] { "a1", "a2", "a3", "a4" })
        {
            Admit(name, _a);
        }

        Admit("a5", _a);
        Admit("a6", _a);
        Assert.Equal(["a1", "a2"], _closed);
        Assert.Equal(5, _table.Count);
    }

    [Fact]
    public void What_is_of_more_use_goes_later_and_somebody_always_goes()
    {
        foreach (var (name, use) in new[]
        {
            ("answering", ConnectionUse.Answering), ("kept", ConnectionUse.Kept), ("asking", ConnectionUse.Asking),
            ("silent", ConnectionUse.Silent),
        })
        {
            Admit(name, _a).Use = use;
        }

        for (var i = 0; i < 5; i++)
        {
            Admit($"new {i}", _a).Use = ConnectionUse.Answering;
        }

        Assert.Equal(["silent", "asking", "kept", "answering", "new 0"], _closed);
    }

    [Fact]
    public void Request_that_has_arrived_and_was_not_read_yet_is_no_silence()
    {
        Admit("probe", _a, hasData: true);
        Admit("a2", _a);
        Admit("a3", _a);
        Admit("a4", _a);
        Admit("a5", _a);
        Assert.Equal(["a2"], _closed);
    }

    [Fact]
    public void Half_of_the_places_are_for_those_that_stay_and_are_free_again_when_they_go()
    {
        var places = Enumerable.Range(0, 4).Select(i => Admit($"{i}", i % 2 == 0 ? _a : _b)).ToList();
        Assert.Equal([true, true, true, false], places.Select(place => place.MayStay()));
        Assert.True(places[0].MayStay());
        places[1].Dispose();
        Assert.Equal(3, _table.Count);
        Assert.True(places[3].MayStay());
    }

    private ConnectionTable.Place Admit(string name, IPAddress address, bool hasData = false) =>
        _table.Admit(address, () => hasData, () => _closed.Add(name));
}
