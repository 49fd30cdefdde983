using System.Text.Json;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Netfilter.Host;

namespace ConntrackOperator.Engine.State;

/// <summary>
/// What each key held before the first write since boot. Recorded on the disk before the key is written, forgotten after it was
/// put back: killed at any instant between, the next start finds the original and puts it back again, which changes nothing.
/// Values of an earlier boot are worth nothing and are dropped. A file that can't be read is kept beside the new one, and the new one
/// says so for as long as the boot lasts; it says as well when the one before was lost, or has one of an earlier boot in its place, which
/// owner.json tells.
/// </summary>
public sealed class OriginalsStore
{
    private readonly StateDirectory _state;
    private readonly HostFacts _host;
    private readonly Dictionary<string, JsonElement> _foreign = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonElement>? _others;
    private readonly bool _isNewer;
    private Dictionary<string, OriginalValue> _originals = new(StringComparer.Ordinal);
    private Dictionary<string, OriginalValue> _kept;
    private bool _setAside;
    private bool _statusKnew;
    private string? _unreadable;
    private bool _lost;
    private bool _marked;
    private bool _unsaved;

    /// <summary>Reads the directory's originals.json.</summary>
    /// <param name="state">The directory, held by this process.</param>
    /// <param name="host">This boot, and the network namespace that is set.</param>
    /// <param name="statusWillCome">Whether <see cref="Adopt"/> will be called: until then no original is recorded when the file is
    /// gone.</param>
    /// <exception cref="IOException">The disk does not give the file out.</exception>
    public OriginalsStore(StateDirectory state, HostFacts host, bool statusWillCome)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(host);
        _state = state;
        _host = host;
        var read = OriginalsReader.Read(state.OriginalsFile, out var problem, out _isNewer);
        Problem = problem;
        _setAside = problem is not null && !_isNewer;
        IsFresh = read?.File.Is(host) != true;
        _marked = StateOwner.ReadMark(state.Path)?.Is(host) == true;
        _lost = IsFresh && problem is null && _marked;
        if (read is not null && !IsFresh)
        {
            _lost = read.File.Lost == true;
            _originals = read.Originals;
            _foreign = read.Foreign;
            _unreadable = read.File.Unreadable;
        }

        _others = read?.File.Others;
        _kept = Copy();

        // In a namespace that is new here nothing was lost.
        AwaitsStatus = statusWillCome && IsFresh && (read is null || _lost) && !(state.IsApart && problem is null && !_marked);

        // From now on a file that is not there has been lost: a key may have been written that it knew of.
        _unsaved = IsFresh && !_setAside && !AwaitsStatus;
    }

    /// <summary>What was wrong with the file, if something was.</summary>
    public string? Problem { get; }

    /// <summary>
    /// Why what keys held before is not known in full, if so: the boot is not known; or the file can't be read, could not be in this
    /// boot, or is lost. Null again once the node's status of this boot was taken over.
    /// </summary>
    public string? Unknown => _host.BootId.Length == 0 ? StateDirectory.BootUnknown
        : _isNewer || _setAside ? Problem
        : _unreadable is { } name
        ? $"{Path.Combine(_state.Path, name)} could not be read, so what keys held that it knew of is not known"
        : _lost ? $"{_state.OriginalsFile} was lost in this boot, so what keys held that it knew of is not known" : null;

    /// <summary>True when the directory knew nothing of this boot: the originals that the node's status tells can be taken over.</summary>
    public bool IsFresh { get; private set; }

    /// <summary>
    /// True while a file that should be there is not, or is an earlier one, and the node's status may know what it knew: nothing is
    /// recorded meanwhile.
    /// </summary>
    public bool AwaitsStatus { get; private set; }

    internal bool IsReadOnly => _state.IsReadOnly;

    /// <summary>The keys with an original.</summary>
    public IReadOnlyCollection<string> Names => _originals.Keys;

    /// <summary>The original of a key, or null.</summary>
    /// <param name="name">The key.</param>
    public long? Find(string name) => _originals.TryGetValue(name, out var original) ? original.Value : null;

    /// <summary>Whether a key has an original, and was set by a person and no policy.</summary>
    /// <param name="name">The key.</param>
    public bool IsByHand(string name) => Get(name) is { IsByHand: true };

    internal OriginalValue? Get(string name) => _originals.GetValueOrDefault(name);

    /// <summary>Takes over what the node's status tells, when the directory was lost within one boot.</summary>
    /// <param name="status">The status as stored in the API server; null: there is none.</param>
    /// <returns>How many originals were taken over.</returns>
    public int Adopt(NodeStatus? status)
    {
        var adopted = 0;
        if (IsFresh && status?.Node is { } node && _host.IsThisBoot(node.BootId)
            && StateOwner.IsNamespace(_host, node.NetworkNamespaceCookie, node.NetworkNamespace))
        {
            foreach (var setting in status.Settings ?? [])
            {
                if (setting is { Name: { } name, Original: { } value } && OriginalValue.CanBe(name, value)
                    && _originals.TryAdd(name, new OriginalValue { Value = value, Policy = setting.Policy }))
                {
                    _kept[name] = _originals[name];
                    adopted++;
                }
            }

            _unreadable = null;
            _lost = false;
            _statusKnew = true;
        }

        _unsaved |= adopted > 0 || AwaitsStatus;
        IsFresh = false;
        AwaitsStatus = false;
        return adopted;
    }

    /// <summary>
    /// Notes an original, if the key has none yet, and what shall become of the setting. <see cref="Save"/> before writing the key.
    /// </summary>
    internal void Note(string name, long actual, RemovalPolicy onRemoval, string? policy)
    {
        if (!_originals.TryGetValue(name, out var original))
        {
            _originals[name] = new OriginalValue { Value = actual, OnRemoval = onRemoval, Policy = policy };
            _unsaved = true;
        }
        else if (original.OnRemoval != onRemoval || original.Policy != policy)
        {
            _originals[name] = original with { OnRemoval = onRemoval, Policy = policy };
            _unsaved = true;
        }
    }

    /// <summary>Nothing is to be kept as it is now.</summary>
    internal void RestoreAll()
    {
        foreach (var (name, original) in Copy())
        {
            Note(name, original.Value, RemovalPolicy.Restore, original.Policy);
        }
    }

    /// <summary>Forgets an original that was put back, or whose key was never written. <see cref="Save"/> afterwards.</summary>
    internal void Forget(string name) => _unsaved |= _originals.Remove(name);

    /// <summary>The files may be deleted under a process that knows what they said: then they are written again.</summary>
    internal void CheckFile()
    {
        if (_state.IsReadOnly || AwaitsStatus)
        {
            return;
        }

        _unsaved |= !File.Exists(_state.OriginalsFile);
        _marked &= File.Exists(_state.OwnerFile);
    }

    /// <summary>
    /// Writes the file when something was noted or forgotten. When that fails all of it is taken back: what is known here is
    /// what the disk knows, or else a key's original could be older than the first write to it.
    /// </summary>
    /// <exception cref="IOException">The disk is full or read-only, or the file is a newer version's: no key may be written whose original
    /// is not known here.</exception>
    internal void Save()
    {
        if (_state.IsReadOnly)
        {
            return;
        }

        if (!_unsaved)
        {
            Mark();
            return;
        }

        try
        {
            if (_isNewer)
            {
                throw new IOException(Problem);
            }

            _state.EnsureHeld();
            SetAside();
            AtomicFile.Write(_state.OriginalsFile, ToFile(), EngineJson.Default.OriginalsFile);
        }
        catch (IOException)
        {
            _originals = new Dictionary<string, OriginalValue>(_kept, StringComparer.Ordinal);
            throw;
        }

        _kept = Copy();
        _unsaved = false;
        Mark();
    }

    /// <summary>Notes beside the file that there is one, so that its loss is known.</summary>
    private void Mark()
    {
        if (_marked || AwaitsStatus)
        {
            return;
        }

        try
        {
            AtomicFile.Write(_state.OwnerFile, StateOwner.Of(_host), EngineJson.Default.StateOwner);
            _marked = true;
        }
        catch (IOException)
        {
            // The originals are kept, which is what counts; the next pass tries again.
        }
    }

    // A copy: killed before the new file is there, the next start finds the old one still unreadable.
    private void SetAside()
    {
        if (_setAside)
        {
            var copy = Path.GetFileName(AtomicFile.KeepCopy(_state.OriginalsFile));
            _unreadable = _statusKnew ? null : copy;
            _setAside = false;
        }
    }

    private OriginalsFile ToFile()
    {
        var elements = new Dictionary<string, JsonElement>(_foreign, StringComparer.Ordinal);
        foreach (var (name, original) in _originals)
        {
            elements[name] = JsonSerializer.SerializeToElement(original, EngineJson.Default.OriginalValue);
        }

        var owner = StateOwner.Of(_host);
        return new OriginalsFile
        {
            Format = OriginalsFile.CurrentFormat,
            BootId = owner.BootId,
            NetworkNamespace = owner.NetworkNamespace,
            NetworkNamespaceCookie = owner.NetworkNamespaceCookie,
            InitialNetworkNamespace = owner.InitialNetworkNamespace,
            Unreadable = _unreadable,
            Lost = _lost ? true : null,
            Originals = elements,
            Others = _others,
        };
    }

    private Dictionary<string, OriginalValue> Copy() => new(_originals, StringComparer.Ordinal);
}
