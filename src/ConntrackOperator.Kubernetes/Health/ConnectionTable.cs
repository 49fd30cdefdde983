using System.Net;

namespace ConntrackOperator.Kubernetes.Health;

/// <summary>
/// The connections of the health endpoint. Whoever comes gets in: in a full house, or when an address has its share, the connection
/// that is of the least use goes, the oldest that has sent nothing before all others. So nobody can keep the probes out by holding
/// connections, whether from an address of their own or from the probes' own. Safe for concurrent use.
/// </summary>
/// <param name="places">How many connections there are at most.</param>
/// <param name="share">How many of them one address may hold.</param>
internal sealed class ConnectionTable(int places, int share)
{
    private readonly Lock _lock = new();

    // In the order in which they came.
    private readonly List<Place> _places = [];

    /// <summary>How many connections there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _places.Count;
            }
        }
    }

    /// <summary>Gives a connection its place, and closes another one if it must.</summary>
    /// <param name="address">Where it comes from.</param>
    /// <param name="hasData">Whether something has arrived on it that nobody has read yet.</param>
    /// <param name="close">Closes it; whoever serves it finds out by that.</param>
    public Place Admit(IPAddress address, Func<bool> hasData, Action close)
    {
        Place? victim = null;
        var place = new Place(this, address, hasData, close);
        lock (_lock)
        {
            if (_places.Count(p => p.Address.Equals(address)) >= share)
            {
                victim = LeastUseful(_places.Where(p => p.Address.Equals(address)));
            }
            else if (_places.Count >= places)
            {
                victim = LeastUseful(_places);
            }

            if (victim is not null)
            {
                _places.Remove(victim);
            }

            _places.Add(place);
        }

        victim?.Close();
        return place;
    }

    // MinBy takes the first of equals: the oldest.
    private static Place? LeastUseful(IEnumerable<Place> candidates) => candidates.MinBy(p => p.UseNow);

    /// <summary>One connection's place. Disposed when the connection is over.</summary>
    internal sealed class Place(ConnectionTable table, IPAddress address, Func<bool> hasData, Action close) : IDisposable
    {
        private volatile int _use = (int)ConnectionUse.Silent;
        private bool _stays;

        public IPAddress Address => address;

        /// <summary>What it is at, as whoever serves it knows.</summary>
        public ConnectionUse Use
        {
            get => (ConnectionUse)_use;
            set => _use = (int)value;
        }

        /// <summary>The same, but that a request which has arrived and was not read yet counts.</summary>
        public ConnectionUse UseNow => Use is ConnectionUse.Silent or ConnectionUse.Kept && HasData() ? ConnectionUse.Answering : Use;

        /// <summary>Whether it may stay after an answer: half of the places are for that. Once it may, it may until it ends.</summary>
        public bool MayStay()
        {
            lock (table._lock)
            {
                return _stays = _stays || table._places.Count(p => p._stays) < table.Places / 2;
            }
        }

        public void Close() => close();

        public void Dispose()
        {
            lock (table._lock)
            {
                table._places.Remove(this);
            }
        }

        private bool HasData()
        {
            try
            {
                return hasData();
            }
            catch (ObjectDisposedException)
            {
                return false;
            }
        }
    }

    private int Places => places;
}
