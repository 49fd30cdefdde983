using System.Collections.Concurrent;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Controller.Cluster;

/// <summary>What is wrong with policies, found out once for each generation and not for each node. Thread-safe.</summary>
internal sealed class PolicyValidationCache
{
    private readonly ConcurrentDictionary<string, (string? Uid, long? Generation, IReadOnlyList<FieldError> Errors)> _known = new(
        StringComparer.Ordinal);
    private long _validations;

    /// <summary>How often a policy was looked through.</summary>
    public long Validations => Interlocked.Read(ref _validations);

    public IReadOnlyList<FieldError> Of(ConntrackPolicy policy)
    {
        var (name, uid, generation) = (policy.Metadata?.Name ?? string.Empty, policy.Metadata?.Uid, policy.Metadata?.Generation);
        if (generation is not null && _known.TryGetValue(name, out var known) && known.Uid == uid && known.Generation == generation)
        {
            return known.Errors;
        }

        Interlocked.Increment(ref _validations);
        var errors = PolicyValidator.Validate(policy);
        _known[name] = (uid, generation, errors);
        return errors;
    }

    public void Forget(string name) => _known.TryRemove(name, out _);
}
