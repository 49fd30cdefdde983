using ConntrackOperator.Api.Meta;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Protocol;

namespace ConntrackOperator.Kubernetes.LeaderElection;

/// <summary>What a candidate knows of the lease, and the rules for reading and writing it. No I/O, no clock.</summary>
internal static class LeaderElectionRecord
{
    /// <summary>Whether the record says that nobody holds the lease.</summary>
    public static bool IsFree(Lease lease) => string.IsNullOrEmpty(lease.Spec?.HolderIdentity);

    /// <summary>Whether this very candidate wrote the record. The identity alone would not do: a process that was
    /// started again under the same name does not know whether the one before still works.</summary>
    public static bool IsOwn(Lease lease, string identity, DateTimeOffset? acquired) =>
        acquired is not null && lease.Spec is { } spec && spec.HolderIdentity == identity && spec.AcquireTime == acquired;

    /// <summary>Whether a record is a sign of life since the other.</summary>
    public static bool Differs(Lease? a, Lease b) =>
        a?.Spec != b.Spec || a?.Metadata?.Uid != b.Metadata?.Uid || a?.Metadata?.ResourceVersion != b.Metadata?.ResourceVersion;

    /// <summary>How long after the last sign of life the lease counts as abandoned.</summary>
    public static TimeSpan Patience(Lease lease, TimeSpan ownDuration) =>
        lease.Spec?.LeaseDurationSeconds is { } seconds and > 0 ? TimeSpan.FromSeconds(seconds) : ownDuration;

    public static Lease Renewed(
        Lease? current, string namespaceName, string name, string identity, TimeSpan duration, DateTimeOffset acquired, DateTimeOffset now)
    {
        var transitions = current?.Spec?.LeaseTransitions ?? 0;
        var changesHands = current is not null && !IsOwn(current, identity, acquired);
        return new()
        {
            ApiVersion = ResourceType.Lease.ApiVersion,
            Kind = ResourceType.Lease.Kind,
            Metadata = current?.Metadata ?? new ObjectMeta { Name = name, Namespace = namespaceName },
            Spec = new()
            {
                HolderIdentity = identity,
                LeaseDurationSeconds = (int)Math.Ceiling(duration.TotalSeconds),
                AcquireTime = acquired,
                RenewTime = MicroTimeConverter.Round(now),
                LeaseTransitions = transitions + (changesHands ? 1 : 0),
            },
        };
    }

    /// <summary>The lease with an owner, in the place of one of the same kind and name.</summary>
    public static Lease Owned(Lease lease, OwnerReference owner) => lease with
    {
        Metadata = lease.Metadata! with
        {
            OwnerReferences = [.. (lease.Metadata.OwnerReferences ?? []).Where(o => o.Kind != owner.Kind || o.Name != owner.Name), owner],
        },
    };

    public static Lease Released(Lease current, DateTimeOffset now) => current with
    {
        ApiVersion = ResourceType.Lease.ApiVersion,
        Kind = ResourceType.Lease.Kind,
        Spec = current.Spec! with
        {
            HolderIdentity = "",
            // Other implementations wait for the duration even of a lease without a holder.
            LeaseDurationSeconds = 1,
            RenewTime = MicroTimeConverter.Round(now),
        },
    };
}
