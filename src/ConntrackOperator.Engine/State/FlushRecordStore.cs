using System.Text.Json;

namespace ConntrackOperator.Engine.State;

/// <summary>The records of the flushes, and the state directory's file of them. Not thread-safe.</summary>
internal sealed class FlushRecordStore
{
    private readonly StateDirectory _state;
    private readonly List<FlushRecord> _records;
    private readonly HashSet<string> _cutOff = new(StringComparer.Ordinal);
    private bool _unsaved;

    /// <summary>Reads the file. What is in it that makes no sense is a doubt, and kept aside.</summary>
    /// <param name="state">The state directory.</param>
    public FlushRecordStore(StateDirectory state)
    {
        _state = state;
        var file = Read();
        HadFile = file is not null || Doubt is not null;
        _records = file ?? [];
        _unsaved = file is null;
    }

    /// <summary>Whether there was a file, readable or not.</summary>
    public bool HadFile { get; }

    /// <summary>Why it is not known what was done before; null: it is known.</summary>
    public string? Doubt { get; private set; }

    /// <summary>What was wrong with the file, and where it is kept; null: nothing.</summary>
    public string? Problem { get; private set; }

    /// <summary>The records, in the order in which the flushes were begun.</summary>
    public IReadOnlyList<FlushRecord> All => _records;

    /// <summary>Whether there is a record of this flush.</summary>
    /// <param name="uid">The flush's uid.</param>
    public bool Knows(string? uid) => _records.Exists(r => r.Uid == uid);

    /// <summary>Takes the place of the flush's record, or comes last where there is none.</summary>
    /// <param name="record">The record.</param>
    public void Put(FlushRecord record)
    {
        _unsaved = true;
        if (_records.FindIndex(r => r.Uid == record.Uid) is >= 0 and var at)
        {
            _records[at] = record;
        }
        else
        {
            _records.Add(record);
        }
    }

    /// <summary>Ends those that have begun and not ended.</summary>
    /// <param name="at">When.</param>
    /// <param name="error">How.</param>
    public void EndUnfinished(DateTimeOffset at, string error)
    {
        for (var i = 0; i < _records.Count; i++)
        {
            if (_records[i].FinishedAt is null)
            {
                _records[i] = _records[i] with { FinishedAt = at, Error = error };
                _cutOff.Add(_records[i].Uid!);
                _unsaved = true;
            }
        }
    }

    /// <summary>Whether <see cref="EndUnfinished"/> ended it.</summary>
    /// <param name="uid">The flush's uid.</param>
    public bool WasCutOff(string uid) => _cutOff.Contains(uid);

    /// <summary>Records on the disk that a flush has begun.</summary>
    /// <param name="uid">The flush's uid.</param>
    /// <exception cref="IOException">It can't be: there is no such record then.</exception>
    public void Begin(string? uid)
    {
        var before = _unsaved;
        Put(new FlushRecord { Uid = uid });
        try
        {
            Save();
        }
        catch (IOException)
        {
            _records.RemoveAt(_records.Count - 1);
            _unsaved = before;
            throw;
        }
    }

    /// <summary>Forgets the oldest that nobody asks for, as long as there are more than so many.</summary>
    /// <param name="most">How many there may be.</param>
    /// <param name="asked">Whether a flush is still asked for.</param>
    public void Trim(int most, Func<FlushRecord, bool> asked)
    {
        while (_records.Count > most && _records.FindIndex(r => !asked(r)) is >= 0 and var oldest)
        {
            _records.RemoveAt(oldest);
            _unsaved = true;
        }
    }

    /// <summary>It is not known what was done before; the first reason stays.</summary>
    /// <param name="why">Why.</param>
    public void DoubtFor(string why) => Doubt ??= why;

    /// <summary>What is asked for was answered by the doubt; from now on the records tell.</summary>
    public void EndDoubt()
    {
        Doubt = null;
        _unsaved = true;
    }

    /// <summary>Writes the file where something changed.</summary>
    /// <returns>Whether it was written.</returns>
    /// <exception cref="IOException">It can't be; the next call tries again.</exception>
    public bool Save()
    {
        if (!_unsaved)
        {
            return false;
        }

        _state.EnsureHeld();
        AtomicFile.Write(_state.FlushesFile, _records, EngineJson.Default.ListFlushRecord);
        _unsaved = false;
        return true;
    }

    /// <summary>The records; null when there is no file, or when it can't be read, which is a doubt.</summary>
    private List<FlushRecord>? Read()
    {
        try
        {
            if (AtomicFile.ReadBytes(_state.FlushesFile) is not { } bytes)
            {
                return null;
            }

            // A null in place of the list or of a record is no record either.
            return JsonSerializer.Deserialize(bytes, EngineJson.Default.ListFlushRecord) is { } records
                && records.TrueForAll(r => r?.Uid is not null)
                ? records
                : throw new JsonException("not a list of records with a uid each");
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            Doubt = $"{_state.FlushesFile} could not be read ({e.Message})";
            Problem = Doubt + KeptAs();
            return null;
        }
    }

    private string KeptAs()
    {
        try
        {
            return _state.IsReadOnly ? string.Empty : $"; kept as {AtomicFile.KeepCopy(_state.FlushesFile)}";
        }
        catch (IOException)
        {
            return string.Empty;
        }
    }
}
