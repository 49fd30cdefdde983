using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Engine.State;

/// <summary>
/// What each key held before the first write since boot. Recorded on the disk before the key is written, forgotten after it was
/// put back: killed at any instant between, the next start finds the original and puts it back again, which changes nothing.
/// Values of an earlier boot, or of another network namespace, are worth nothing and are dropped.
/// </summary>
public sealed class OriginalsStore
{
    private readonly StateDirectory _state;
    private readonly string _bootId;
    private readonly string _networkNamespace;
    private Dictionary<string, OriginalValue> _originals;
    private Dictionary<string, OriginalValue> _kept;
    private bool _adopted;
    private bool _unsaved;

    /// <summary>Reads the directory's originals.json.</summary>
    /// <param name="state">The directory, held by this process.</param>
    /// <param name="bootId">This boot's id.</param>
    /// <param name="networkNamespace">The network namespace that is set, by its inode.</param>
    public OriginalsStore(StateDirectory state, string bootId, string networkNamespace)
    {
        ArgumentNullException.ThrowIfNull(state);
        _state = state;
        _bootId = bootId;
        _networkNamespace = networkNamespace;
        var file = AtomicFile.Read(state.OriginalsFile, EngineJson.Default.OriginalsFile, !state.IsReadOnly, out var problem);
        Problem = problem;
        IsFresh = file is null || file.BootId != bootId || file.NetworkNamespace != networkNamespace;
        _originals = new Dictionary<string, OriginalValue>(StringComparer.Ordinal);
        foreach (var (name, original) in IsFresh ? [] : file?.Originals ?? [])
        {
            if (original is not null)
            {
                _originals[name] = original;
            }
        }

        _kept = Copy();
    }

    /// <summary>What was wrong with the file, if something was.</summary>
    public string? Problem { get; }

    /// <summary>True when the directory knew nothing of this boot: the originals that the node's status tells can be taken over.</summary>
    public bool IsFresh { get; private set; }

    internal bool IsReadOnly => _state.IsReadOnly;

    /// <summary>The keys with an original.</summary>
    public IReadOnlyCollection<string> Names => _originals.Keys;

    /// <summary>The original of a key, or null.</summary>
    /// <param name="name">The key.</param>
    public long? Find(string name) => _originals.TryGetValue(name, out var original) ? original.Value : null;

    internal OriginalValue? Get(string name) => _originals.GetValueOrDefault(name);

    /// <summary>Takes over what the node's status tells, when the directory was lost within one boot.</summary>
    /// <param name="status">The status as stored in the API server.</param>
    /// <returns>How many originals were taken over.</returns>
    public int Adopt(NodeStatus? status)
    {
        var adopted = 0;
        if (IsFresh && status?.Node?.BootId == _bootId && (status.Node.NetworkNamespace ?? string.Empty) == _networkNamespace)
        {
            foreach (var setting in status.Settings ?? [])
            {
                if (setting is { Name: { } name, Original: { } value } && _originals.TryAdd(name, new OriginalValue { Value = value, Policy = setting.Policy }))
                {
                    _kept[name] = _originals[name];
                    adopted++;
                }
            }
        }

        _adopted |= adopted > 0;
        _unsaved |= _adopted;
        IsFresh = false;
        return adopted;
    }

    /// <summary>Notes an original, if the key has none yet, and what shall become of the setting. <see cref="Save"/> before writing the key.</summary>
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

    /// <summary>
    /// Writes the file when something was noted or forgotten. When that fails all of it is taken back: what is known here is
    /// what the disk knows, or else a key's original could be older than the first write to it.
    /// </summary>
    /// <exception cref="IOException">The disk is full or read-only; nothing may be written to the kernel then.</exception>
    internal void Save()
    {
        if (!_unsaved || _state.IsReadOnly)
        {
            return;
        }

        try
        {
            AtomicFile.Write(
                _state.OriginalsFile,
                new OriginalsFile { BootId = _bootId, NetworkNamespace = _networkNamespace, Originals = _originals },
                EngineJson.Default.OriginalsFile);
        }
        catch (IOException)
        {
            _originals = new Dictionary<string, OriginalValue>(_kept, StringComparer.Ordinal);
            _unsaved = _adopted;
            throw;
        }

        _kept = Copy();
        _adopted = false;
        _unsaved = false;
    }

    private Dictionary<string, OriginalValue> Copy() => new(_originals, StringComparer.Ordinal);
}
